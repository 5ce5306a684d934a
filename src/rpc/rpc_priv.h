/* What all files of commands (rpc_*.c) share: how a command answers, reads its arguments and makes
 * JSON, and the node it works on. */
#ifndef TALLY_RPC_RPC_PRIV_H
#define TALLY_RPC_RPC_PRIV_H

#include <jansson.h>

#include <tally/base/bytes.h>
#include <tally/base/clock.h>
#include <tally/base/text.h>
#include <tally/chain/chain.h>
#include <tally/config/config.h>
#include <tally/mempool/mempool.h>
#include <tally/mining/mining.h>
#include <tally/net/net.h>
#include <tally/node/node.h>
#include <tally/node/observers.h>
#include <tally/node/snapshot.h>
#include <tally/primitives/amount.h>
#include <tally/protocol/protocol.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command.h>
#include <tally/rpc/json_amount.h>
#include <tally/wallet/wallet.h>

#include "rpc/args_priv.h"
#include "rpc/async_call_priv.h"
#include "rpc/call_state_priv.h"
#include "rpc/json_chain_priv.h"
#include "rpc/json_result_priv.h"
#include "rpc/json_stream_priv.h"
#include "rpc/rpc_state_priv.h"

#endif
