/* Calling a command. The prompt, the control port, the command line and the tests all come through
 * rpc_call. */
#ifndef TALLY_RPC_CALL_H
#define TALLY_RPC_CALL_H

#include <stdbool.h>

#include <jansson.h>

#include <tally/base/err.h>

struct rpc;

/* JSON-RPC error codes. Source: Bitcoin Core, rpc/protocol.h. */
enum rpc_code {
	RPC_MISC_ERROR = -1,
	RPC_TYPE_ERROR = -3,
	RPC_WALLET_ERROR = -4,
	RPC_INVALID_ADDRESS_OR_KEY = -5,
	RPC_WALLET_INSUFFICIENT_FUNDS = -6,
	RPC_OUT_OF_MEMORY = -7,
	RPC_INVALID_PARAMETER = -8,
	RPC_CLIENT_NOT_CONNECTED = -9,
	RPC_CLIENT_IN_INITIAL_DOWNLOAD = -10,
	RPC_CLIENT_NODE_ALREADY_ADDED = -23,
	RPC_CLIENT_NODE_NOT_ADDED = -24,
	RPC_CLIENT_NODE_NOT_CONNECTED = -29,
	RPC_CLIENT_INVALID_IP_OR_SUBNET = -30,
	RPC_DESERIALIZATION_ERROR = -22,
	RPC_METHOD_DEPRECATED = -32,
	RPC_VERIFY_ERROR = -25,
	RPC_VERIFY_REJECTED = -26,
	RPC_VERIFY_ALREADY_IN_CHAIN = -27,
	RPC_IN_WARMUP = -28,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_PARSE_ERROR = -32700,
};

/* The answer to a call: exactly one of result and err is set, both borrowed. code: an rpc_code, if
 * err is set. Print a result with json_result_text and look into it with json_result_value: it may
 * be finished JSON text (json_result.h) or contain amounts (json_amount.h). */
typedef void rpc_reply(void *arg, json_t *result, const struct err *err, int code);

struct rpc_request {
	const char *command; /* its name */
	json_t *params;      /* an array (by position), an object (by name) or NULL; borrowed */
	/* The caller's identity: any pointer, only compared. rpc_client_gone cancels the calls of a
	 * client that has left. */
	const void *client;
	rpc_reply *reply;
	void *arg;
};
/* Runs a command. The reply comes exactly once: before this returns, or later from the loop. */
void rpc_call(struct rpc *r, const struct rpc_request *q);
/* The call with this arg continues, but its reply is no longer called. */
void rpc_forget(struct rpc *r, const void *arg);

#endif
