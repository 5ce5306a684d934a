/* The chain: the tree of headers, the stored blocks, the coins at the tip, and the way from one tip
 * to a better one. It makes every consensus decision about blocks. It reads and writes the store
 * and knows no peers.
 *
 * This header includes the whole public interface. The parts:
 *
 *     chain_state.h    header entries, events, failure of the store
 *     chain_open.h     open, close, take a genesis block
 *     block_accept.h   headers and blocks in
 *     connect.h        connect blocks, commit
 *     query.h          read the tree, blocks and coins
 *     header_walk.h    check headers without storing them
 *     coins_rebuild.h  scan all coins, rebuild them
 *
 * Connecting a block is resumable. chain_accept_block stores a block and returns; chain_work then
 * moves towards the chain of most work, a few milliseconds a call. The signature pool checks
 * signatures. Until its verdict arrives, up to CHAIN_AHEAD_BLOCKS further blocks of the same branch
 * are applied to the coins; if a signature is bad, they are undone. A block counts as connected,
 * and the events report it, only when all of its checks have passed. */
#ifndef TALLY_CHAIN_CHAIN_H
#define TALLY_CHAIN_CHAIN_H

#include <tally/chain/block_accept.h>
#include <tally/chain/chain_open.h>
#include <tally/chain/chain_state.h>
#include <tally/chain/coins_rebuild.h>
#include <tally/chain/connect.h>
#include <tally/chain/header_walk.h>
#include <tally/chain/query.h>

#endif
