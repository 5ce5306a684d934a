/* Lines of the prompt: parsing, completion, running. The commands run on a real node, offline. */
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/config/config.h>
#include <tally/consensus/params.h>
#include <tally/crypto/address.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/completion.h>
#include <tally/rpc/json_amount.h>
#include <tally/rpc/json_result.h>
#include <tally/rpc/rpc.h>
#include <tally/node/node.h>
#include <tally/wallet/receiver.h>

#include "rpc/line_parser_priv.h"

static void no_log(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		   const char *text)
{
	(void)arg, (void)unix_us, (void)sub, (void)level, (void)text;
}

struct env {
	char home[128];
	struct node *n;
	struct rpc *rpc;
	bool answered;
	enum command_line_kind kind;
	char text[8192];
	char confirm[512]; /* "" unless kind is COMMAND_LINE_CONFIRM */
};

static void on_line(void *arg, const struct command_line_answer *a)
{
	struct env *v = arg;

	v->answered = true;
	v->kind = a->kind;
	assert_int_equal(a->confirm != NULL, a->kind == COMMAND_LINE_CONFIRM);
	snprintf(v->text, sizeof(v->text), "%s", a->text);
	snprintf(v->confirm, sizeof(v->confirm), "%s", a->confirm ? a->confirm : "");
}

static void start_line(struct env *v, const char *line)
{
	v->answered = false;
	command_line_run(v->rpc, &(struct command_line){
					 .line = line, .client = v, .reply = on_line, .arg = v});
}

/* Runs a line; its answer is in v->text. */
static enum command_line_kind run_line(struct env *v, const char *line)
{
	struct err e = {0};

	start_line(v, line);
	assert_true(node_wait(v->n, &v->answered, &e));
	return v->kind;
}

static int open_node(void **state)
{
	struct env *v = NEW(struct env);
	const char *tmp = getenv("TMPDIR");
	struct config c;
	struct chain_params p;
	struct err e = {0};

	log_set_sink(no_log, NULL);
	snprintf(v->home, sizeof(v->home), "%s/tally-line-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(v->home));
	config_init(&c);
	assert_true(config_set(&c, config_find("home"), v->home, &e));
	assert_true(config_finish(&c, 1, &e));
	if (!node_open(&v->n, &c, NODE_OFFLINE, &e))
		fail_msg("%s: %s", e.token, e.detail);
	v->rpc = rpc_new(v->n);
	assert_int_equal(run_line(v, "getnewaddress miner"), COMMAND_LINE_DONE);
	params_default(&p, 0);
	strcpy(p.name, "line");
	assert_true(receiver_resolve(node_wallet(v->n), "miner", false, &p.creator, &e));
	if (!node_create_chain(v->n, &p, &e))
		fail_msg("%s: %s", e.token, e.detail);
	*state = v;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int close_node(void **state)
{
	struct env *v = *state;

	rpc_close(v->rpc);
	assert_true(node_close(v->n, NULL));
	nftw(v->home, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(v);
	return 0;
}

/* --- words ------------------------------------------------------------------------------ */

static void words_are_split_at_spaces_but_not_in_quotes(void **state)
{
	struct line_words w;
	struct err e = {0};

	(void)state;
	assert_true(line_split("  send \t alice 5 memo=\"a \\\"b\\\" c\\\\\"  ", &w, &e));
	assert_int_equal(w.n, 4);
	assert_string_equal(w.at[0], "send");
	assert_string_equal(w.at[1], "alice");
	assert_string_equal(w.at[2], "5");
	assert_string_equal(w.at[3], "memo=a \"b\" c\\");
	line_words_clear(&w);
	assert_true(line_split("a \"\" b\\c", &w, &e));
	assert_int_equal(w.n, 3);
	assert_string_equal(w.at[1], "");
	assert_string_equal(w.at[2], "b\\c");
	line_words_clear(&w);
	assert_true(line_split("   ", &w, &e));
	assert_int_equal(w.n, 0);
	line_words_clear(&w);
}

static void an_open_quote_and_a_33rd_word_are_refused(void **state)
{
	struct line_words w;
	char line[2 * 33 + 1] = "";
	struct err e = {0};

	(void)state;
	assert_false(line_split("send \"alice", &w, &e));
	assert_string_equal(e.token, "bad-line");
	for (unsigned i = 0; i < 32; i++)
		strcat(line, "a ");
	assert_true(line_split(line, &w, &e));
	assert_int_equal(w.n, 32);
	line_words_clear(&w);
	strcat(line, "a");
	assert_false(line_split(line, &w, &e));
}

/* --- completion ------------------------------------------------------------------------ */

static bool offers(struct env *v, const char *line, const char *want)
{
	char out[64][COMPLETION_CHARS + 1];
	const size_t n = completion_of(v->n, line, out, 64);

	for (size_t i = 0; i < n; i++)
		if (strcmp(out[i], want) == 0)
			return true;
	return false;
}

static void completion_offers_commands_labels_and_parameters_in_their_places(void **state)
{
	struct env *v = *state;

	assert_true(offers(v, "se", "send"));
	assert_false(offers(v, "se", "balance"));
	assert_true(offers(v, "", "balance"));
	assert_true(offers(v, "send mi", "miner"));
	assert_true(offers(v, "send @mi", "@miner"));
	assert_true(offers(v, "send 5 mi", "miner")); /* the amount may come first */
	assert_true(offers(v, "send  miner 5 me", "memo="));
	assert_false(offers(v, "send miner 5 pre", "preview="));
	assert_false(offers(v, "send miner 5 mi", "miner"));
	assert_false(offers(v, "nonsense m", "miner"));
	/* Nothing is completed inside quotes; a closed quote is one word. */
	assert_false(offers(v, "send miner 5 memo=\"so fe", "fee="));
	assert_false(offers(v, "send miner 5 memo=\"a \\\" fe", "fee="));
	assert_true(offers(v, "send miner 5 memo=\"so so\" fe", "fee="));
	assert_true(offers(v, "send \"a b\" mi", "miner"));
	assert_int_equal(completion_of(v->n, "", (char[1][COMPLETION_CHARS + 1]){""}, 1), 1);
}

static void usage_shows_the_parameters_of_the_lines_command(void **state)
{
	char text[128], small[8];

	(void)state;
	command_line_usage("  send! al", text, sizeof(text));
	assert_non_null(strstr(text, "send to amount [fee=] [memo=]"));
	assert_null(strstr(text, "preview"));
	command_line_usage("nonsense", text, sizeof(text));
	assert_string_equal(text, "");
	command_line_usage("send", small, sizeof(small));
	assert_int_equal(strlen(small), sizeof(small) - 1);
}

/* --- running ----------------------------------------------------------------------------- */

static void send_asks_and_with_an_exclamation_mark_sends(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "getnewaddress \"bob b\""), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "send \"bob b\" 1.5 memo=\"two words\""),
			 COMMAND_LINE_CONFIRM);
	assert_int_equal(strncmp(v->text, "send 1.5 to bob b, tly1", 23), 0);
	assert_non_null(strstr(v->text, " (your own address), memo 'two words', fee "));
	assert_int_equal(run_line(v, "getrawmempool"), COMMAND_LINE_DONE);
	assert_string_equal(v->text, "[]");
	assert_int_equal(run_line(v, "send! 1.5 \"bob b\" memo=\"two words\""), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, "sent 1.5 to bob b, tly1"));
	assert_int_equal(run_line(v, "listtransactions * 1"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, "\"memo\": \"two words\""));
	/* tally_balance of an address counts confirmed coins only. */
	assert_int_equal(run_line(v, "tally_balance miner"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 50"));
	assert_int_equal(run_line(v, "tally_balance \"bob b\""), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 0"));
	assert_int_equal(run_line(v, "generatetoaddress 1 miner"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "tally_balance \"bob b\""), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 1.5"));
}

static void the_question_about_a_payment_says_if_a_block_is_mined(void **state)
{
	static const char *const lines[] = {"send miner 1 mine=true",
					    "tally send -to miner -amount 1 -mine"};
	struct env *v = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const char *end;

		assert_int_equal(run_line(v, lines[i]), COMMAND_LINE_CONFIRM);
		end = strstr(v->text, ", change ");
		assert_non_null(end);
		assert_non_null(strstr(end, ", and mine a block with it?"));
	}
	assert_int_equal(run_line(v, "send miner 1 mine=false"), COMMAND_LINE_CONFIRM);
	assert_null(strstr(v->text, "block"));
	assert_int_equal(run_line(v, "getblockcount"), COMMAND_LINE_DONE);
	assert_string_equal(v->text, "0");
}

static void names_of_shell_commands_work_at_the_prompt(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "createwallet anna"), COMMAND_LINE_DONE);
	assert_int_equal(strncmp(v->text, "tly1", 4), 0);
	assert_int_equal(run_line(v, "send! anna 20"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "getbalance"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, "Balance: "));
	assert_int_equal(run_line(v, "tally getbalance -address anna"), COMMAND_LINE_DONE);
	assert_string_equal(v->text, "Balance of 'anna': 0");
}

/* The lesson shows such lines: "tally" in front, options with a dash, in any order. */
static void a_line_copied_from_a_shell_works(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "tally createwallet -label anna"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "send -from miner --to anna -amount 2.5 -memo \"for lunch\""),
			 COMMAND_LINE_CONFIRM);
	assert_non_null(strstr(v->text, "send 2.5 to anna, tly1"));
	assert_int_equal(run_line(v, "tally send! -amount 2.5 -to anna -mine"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, "sent 2.5 to anna, tly1"));
	assert_non_null(strstr(v->text, ", in a block: transaction "));
	assert_int_equal(run_line(v, "getbalance anna"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 2.5"));
	assert_int_equal(run_line(v, "send anna -amount"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, "send anna -5"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, "tally"), COMMAND_LINE_FAILED);
	/* "tally rpc COMMAND" of the shell. */
	assert_int_equal(run_line(v, "tally rpc getblockcount"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "rpc getblockhash 0"), COMMAND_LINE_DONE);
	assert_int_equal(strlen(v->text), 66); /* 64 digits in quotes: JSON */
	assert_int_equal(run_line(v, "rpc"), COMMAND_LINE_FAILED);
	assert_string_equal(v->text, "rpc needs the name of a command: help lists them");
	assert_int_equal(run_line(v, "tally startnode -miner"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(
		v->text,
		"startnode is a command of the shell: run tally startnode in another terminal"));
	/* At the prompt it asks, although at the control port it pays at once. */
	assert_int_equal(run_line(v, "sendtoaddress anna 1"), COMMAND_LINE_CONFIRM);
}

static void arguments_without_a_name_fill_the_parameters_that_are_left(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "send to=miner 5"), COMMAND_LINE_CONFIRM);
	assert_int_equal(strncmp(v->text, "send 5 to miner, tly1", 21), 0);
	assert_int_equal(run_line(v, "send amount=5 miner"), COMMAND_LINE_CONFIRM);
	assert_int_equal(run_line(v, "send miner 5 to=miner"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "to is given twice"));
	assert_int_equal(run_line(v, "send fee=1 fee=2 miner 5"), COMMAND_LINE_FAILED);
}

static void unknown_options_are_refused_unless_they_are_in_quotes_or_a_value(void **state)
{
	static const struct {
		const char *line, *says;
	} cases[] = {
		{"send miner 1 foo=2", "there is no option foo: see help send"},
		{"send 1 miner memmo=\"a b\"", "there is no option memmo: did you mean memo=?"},
		{"getbalance -adress miner", "no option -adress: did you mean -address?"},
		{"getbalance --adress=miner", "no option --adress: did you mean --address?"},
		{"send miner 1 -x", "there is no option -x: see help send"},
		{"send miner 1 -previe", "there is no option -previe: see help send"},
		{"getblockcount foo=1", "unexpected argument 'foo=1': see help getblockcount"}};
	static const char *const good[] = {"send miner 1 memo=a=b",       "send miner 1 -memo a=b",
					   "send miner 1 -memo=a=b",      "send 1 \"x=y\"",
					   "send -to \"-bob\" -amount 1", "send \"-bob\" 1 memo=-x",
					   "send miner 1 memo=\"foo=2\""};
	struct env *v = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(run_line(v, cases[i].line), COMMAND_LINE_FAILED);
		assert_non_null(strstr(v->text, cases[i].says));
	}
	assert_int_equal(run_line(v, "createwallet \"x=y\""), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "createwallet \"-bob\""), COMMAND_LINE_DONE);
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(run_line(v, good[i]), COMMAND_LINE_CONFIRM);
}

static void the_confirming_line_has_an_exclamation_mark_and_names_the_draft(void **state)
{
	static const char *const lines[][2] = {
		{"send miner 5", "send! miner 5 draft="},
		{" send  miner 5 ", " send!  miner 5  draft="},
		{"tally send -to miner -amount 1", "tally send! -to miner -amount 1 draft="},
		{"sendtoaddress miner 1", "sendtoaddress! miner 1 draft="}};
	struct env *v = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const size_t n = strlen(lines[i][1]);

		assert_int_equal(run_line(v, lines[i][0]), COMMAND_LINE_CONFIRM);
		assert_int_equal(strlen(v->confirm), n + 64);
		assert_int_equal(strncmp(v->confirm, lines[i][1], n), 0);
	}
}

/* The line that confirms a payment continues the line of the preview. */
static void an_option_without_its_value_is_refused(void **state)
{
	static const char *const lines[] = {"send miner 5 -memo", "send miner 5 --fee",
					    "tally send -to miner -amount 5 -memo"};
	struct env *v = *state;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		assert_int_equal(run_line(v, lines[i]), COMMAND_LINE_FAILED);
		assert_non_null(strstr(v->text, "needs a value"));
	}
}

/* --- payments that are shown, then sent ---------------------------------------------------- */

/* The last word of the answer: "sent ...: transaction TXID". */
static const char *last_word(const struct env *v)
{
	return strrchr(v->text, ' ') + 1;
}

/* Runs a line that asks. confirm gets the line that confirms it. */
static void preview(struct env *v, const char *line, char confirm[512])
{
	assert_int_equal(run_line(v, line), COMMAND_LINE_CONFIRM);
	snprintf(confirm, 512, "%s", v->confirm);
}

static const char *draft_of(const char *confirm)
{
	return strstr(confirm, "draft=") + strlen("draft=");
}

static void the_payment_that_was_shown_is_sent_even_if_the_wallet_got_a_coin_since(void **state)
{
	struct env *v = *state;
	char shown[512], other[512], fee[64];
	const char *at;

	assert_int_equal(run_line(v, "getnewaddress bob"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "generatetoaddress 1 bob"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "generatetoaddress 7 miner"), COMMAND_LINE_DONE);
	preview(v, "send bob 20 from=miner", shown);
	at = strstr(v->text, ", fee ");
	snprintf(fee, sizeof(fee), "%.*s:", (int)strcspn(at + 2, ","), at + 2);
	/* A payment built after this spends the new coin of 30. */
	assert_int_equal(run_line(v, "send! miner 30 from=bob"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "generatetoaddress 1 miner"), COMMAND_LINE_DONE);
	preview(v, "send bob 20 from=miner", other);
	assert_string_not_equal(draft_of(other), draft_of(shown));
	assert_int_equal(run_line(v, shown), COMMAND_LINE_DONE);
	assert_string_equal(last_word(v), draft_of(shown));
	assert_non_null(strstr(v->text, fee));
	assert_int_equal(run_line(v, "getrawmempool"), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, draft_of(shown)));
	/* It can be sent only once. */
	assert_int_equal(run_line(v, shown), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "no longer kept"));
}

static void a_payment_with_a_coin_spent_since_is_not_sent(void **state)
{
	struct env *v = *state;
	char shown[512];

	preview(v, "send miner 5", shown);
	assert_int_equal(run_line(v, "send! miner 40"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, shown), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "nothing was sent, a coin of this payment"));
	assert_int_equal(run_line(v, "getrawmempool"), COMMAND_LINE_DONE);
	assert_null(strstr(v->text, draft_of(shown)));
}

static void a_cancelled_payment_is_not_sent(void **state)
{
	struct env *v = *state;
	char shown[512];

	preview(v, "send miner 5", shown);
	command_line_cancel(v->rpc, shown);
	assert_int_equal(run_line(v, shown), COMMAND_LINE_FAILED);
	assert_string_equal(v->text, "nothing was sent, the payment that was shown is no longer "
				     "kept: repeat the command without '!' to see a new one");
	assert_int_equal(run_line(v, "getrawmempool"), COMMAND_LINE_DONE);
	assert_string_equal(v->text, "[]");
	command_line_cancel(v->rpc, "stop!");
	command_line_cancel(v->rpc, "nonsense \"");
}

static void a_draft_is_sent_only_with_its_receiver_amount_and_memo(void **state)
{
	static const char *const lines[] = {"send! miner 6", "send! bob 5", "send! miner 5 memo=a"};
	struct env *v = *state;
	char shown[512], line[512];

	assert_int_equal(run_line(v, "getnewaddress bob"), COMMAND_LINE_DONE);
	preview(v, "send miner 5", shown);
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		snprintf(line, sizeof(line), "%s draft=%s", lines[i], draft_of(shown));
		assert_int_equal(run_line(v, line), COMMAND_LINE_FAILED);
		assert_non_null(strstr(v->text, "the draft pays something else"));
	}
	assert_int_equal(run_line(v, shown), COMMAND_LINE_DONE);
}

static void a_text_with_blanks_needs_quotes(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "send miner 1 memo=for lunch"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "memo=\"for lunch\""));
	assert_int_equal(run_line(v, "send memo=lunch miner 1"), COMMAND_LINE_CONFIRM);
	assert_int_equal(run_line(v, "send miner 1 memo=\"for lunch\" 2"), COMMAND_LINE_FAILED);
}

static void an_absurd_fee_is_refused(void **state)
{
	struct env *v = *state;

	assert_int_equal(run_line(v, "send! miner 5 fee=1000000"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "more than a tenth"));
	assert_int_equal(run_line(v, "send! miner 5 fee=2000"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "generatetoaddress 1 miner"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "sendtoaddress! miner 5"), COMMAND_LINE_DONE);
}

/* The error names the highest fee rate that is accepted, whatever coins are chosen at it. */
static void the_error_about_a_fee_names_the_highest_accepted_rate(void **state)
{
	static const char *const amounts[] = {"1", "1.1", "5", "20", "0.00001"};
	struct env *v = *state;

	/* At some fee rates a payment of 1.1 spends this coin of 1.15 without change. */
	assert_int_equal(run_line(v, "send! miner 1.15"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, "generatetoaddress 7 miner"), COMMAND_LINE_DONE);
	for (size_t i = 0; i < ARRAY_LEN(amounts); i++) {
		char line[128];
		const char *at;
		long most;

		snprintf(line, sizeof(line), "send miner %s fee=1000000", amounts[i]);
		assert_int_equal(run_line(v, line), COMMAND_LINE_FAILED);
		at = strstr(v->text, "give a fee rate of at most ");
		assert_non_null(at);
		most = strtol(strrchr(at, ' '), NULL, 10);
		snprintf(line, sizeof(line), "send miner %s fee=%ld", amounts[i], most);
		assert_int_equal(run_line(v, line), COMMAND_LINE_CONFIRM);
		snprintf(line, sizeof(line), "send miner %s fee=%ld", amounts[i], most + 1);
		assert_int_equal(run_line(v, line), COMMAND_LINE_FAILED);
	}
}

static void malformed_amounts_are_refused_as_a_whole(void **state)
{
	struct env *v = *state;
	char line[256];

	snprintf(line, sizeof(line), "send miner %062d15", 0);
	assert_int_equal(run_line(v, line),
			 COMMAND_LINE_CONFIRM); /* no digit of the 15 is cut off */
	assert_int_equal(strncmp(v->text, "send 15 to ", 11), 0);
	const char *const bad[] = {"0",    "-1",  "1.000000001", "21000001",
				   "five", "1e",  "0x10",        "1 .5",
				   "",     "nan", "1,5",         "99999999999999999999999999"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(line, sizeof(line), "send miner \"%s\"", bad[i]);
		assert_int_equal(run_line(v, line), COMMAND_LINE_FAILED);
	}
	assert_int_equal(run_line(v, "send miner 0.00000001"), COMMAND_LINE_CONFIRM);
}

/* Printed and parsed again, a text is unchanged, and an amount is a number. */
static void texts_are_never_printed_as_amounts(void **state)
{
	static const char *const texts[] = {
		"",           "\001",         "\0011,\"x\":2", "a\"\0011", "\\u0000",
		"\"\\u00001", "\\\"\\u00001", "0.50000000",    "\177\037", "\"",
		"\\"};
	char amount[AMOUNT_CHARS + 1], *text;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_t *in = json_pack("{s:s,s:o,s:[s]}", "text", texts[i], "amount",
				       json_amount(-50000000), texts[i], texts[i]);
		json_t *out;

		assert_false(json_amount_text(json_object_get(in, "text"), amount));
		assert_true(json_amount_text(json_object_get(in, "amount"), amount));
		assert_string_equal(amount, "-0.5");
		text = json_result_text(in, JSON_COMPACT);
		assert_non_null(strstr(text, "\"amount\":-0.50000000"));
		out = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
		assert_int_equal(json_object_size(out), 3);
		assert_string_equal(json_string_value(json_object_get(out, "text")), texts[i]);
		assert_string_equal(
			json_string_value(json_array_get(json_object_get(out, texts[i]), 0)),
			texts[i]);
		assert_true(json_is_real(json_object_get(out, "amount")));
		free(text);
		json_decref(in);
		json_decref(out);
	}
}

struct amount_reply {
	char token[ERR_TOKEN_CHARS + 1], amount[AMOUNT_CHARS + 1];
};

static void on_amount(void *arg, json_t *result, const struct err *err, int code)
{
	struct amount_reply *r = arg;

	(void)code;
	snprintf(r->token, sizeof(r->token), "%s", err ? err->token : "");
	if (result)
		json_amount_text(json_object_get(result, "amount"), r->amount);
}

static void json_numbers_are_read_as_exact_amounts(void **state)
{
	static const struct {
		const char *json,
			*amount; /* "": not an amount; NULL: valid, but more than the wallet has */
	} cases[] = {{"20.00000001", "20.00000001"},
		     {"1e-8", "0.00000001"},
		     {"0.1", "0.1"},
		     {"2.675", "2.675"},
		     {"49.99999999", NULL}, /* the wallet has 50: too little for a fee */
		     {"8388608.00000001", NULL},
		     {"20999999.99999999", NULL},
		     {"21000000", NULL},
		     {"1e-9", ""},
		     {"0.123456789", ""},
		     {"16777216.000000001", NULL}, /* its double is that of 16777216 */
		     {"21000000.00000001", ""},
		     {"-0.5", ""},
		     {"0.0", ""},
		     {"1e300", ""},
		     {"true", ""},
		     {"[1]", ""}};
	struct env *v = *state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct amount_reply r = {{0}, {0}};
		json_t *params =
			json_pack("{s:s,s:o,s:b}", "to", "miner", "amount",
				  json_loads(cases[i].json, JSON_DECODE_ANY, NULL), "preview", 1);

		rpc_call(v->rpc, &(struct rpc_request){.command = "send",
						       .params = params,
						       .reply = on_amount,
						       .arg = &r});
		json_decref(params);
		if (!cases[i].amount)
			assert_string_equal(r.token, "insufficient-funds");
		else if (*cases[i].amount)
			assert_string_equal(r.amount, cases[i].amount);
		else
			assert_string_equal(r.token, "bad-amount");
	}
}

static void the_balance_of_a_foreign_address_is_counted_from_all_coins(void **state)
{
	struct env *v = *state;
	struct key_hash zero = {{0}};
	char line[128], address[ADDRESS_CHARS + 1];

	address_encode(address, &zero);
	snprintf(line, sizeof(line), "send! %s 2.25", address);
	assert_int_equal(run_line(v, line), COMMAND_LINE_DONE);
	snprintf(line, sizeof(line), "tally_balance %s", address);
	assert_int_equal(run_line(v, line), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 0"));
	assert_int_equal(run_line(v, "generatetoaddress 1 miner"), COMMAND_LINE_DONE);
	assert_int_equal(run_line(v, line), COMMAND_LINE_DONE);
	assert_non_null(strstr(v->text, ": 2.25"));
	/* A call that is running when rpc closes is answered then. */
	start_line(v, line);
	assert_false(v->answered);
}

static void unknown_commands_and_bad_arguments_are_reported(void **state)
{
	static const char *const near[][2] = {{"getblanace", "did you mean getbalance?"},
					      {"rpc getblockcoun", "did you mean getblockcount?"},
					      {"createwalet bob", "did you mean createwallet?"},
					      {"balanc", "did you mean balance?"}};
	struct env *v = *state;

	assert_int_equal(run_line(v, "frobnicate 1"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "there is no command 'frobnicate'"));
	assert_int_equal(run_line(v, "sned 1"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "did you mean send?"));
	for (size_t i = 0; i < ARRAY_LEN(near); i++) {
		assert_int_equal(run_line(v, near[i][0]), COMMAND_LINE_FAILED);
		assert_string_equal(strstr(v->text, "did you mean "), near[i][1]);
	}
	assert_int_equal(run_line(v, "send"), COMMAND_LINE_FAILED);
	assert_non_null(strstr(v->text, "send needs to (receiver: an address or label)"));
	assert_int_equal(run_line(v, "send miner"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, "send miner 1 2 x y z a b c"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, "send miner 1 memo=\"open"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, "send miner 1 \xff\xfe"), COMMAND_LINE_FAILED);
	assert_int_equal(run_line(v, ""), COMMAND_LINE_DONE);
	assert_string_equal(v->text, "");
}

int main(void)
{
#define WITH_NODE(f) cmocka_unit_test_setup_teardown(f, open_node, close_node)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_split_at_spaces_but_not_in_quotes),
		cmocka_unit_test(an_open_quote_and_a_33rd_word_are_refused),
		cmocka_unit_test(usage_shows_the_parameters_of_the_lines_command),
		WITH_NODE(completion_offers_commands_labels_and_parameters_in_their_places),
		WITH_NODE(send_asks_and_with_an_exclamation_mark_sends),
		WITH_NODE(the_question_about_a_payment_says_if_a_block_is_mined),
		WITH_NODE(names_of_shell_commands_work_at_the_prompt),
		WITH_NODE(a_line_copied_from_a_shell_works),
		WITH_NODE(unknown_options_are_refused_unless_they_are_in_quotes_or_a_value),
		WITH_NODE(the_confirming_line_has_an_exclamation_mark_and_names_the_draft),
		WITH_NODE(an_option_without_its_value_is_refused),
		WITH_NODE(the_payment_that_was_shown_is_sent_even_if_the_wallet_got_a_coin_since),
		WITH_NODE(a_payment_with_a_coin_spent_since_is_not_sent),
		WITH_NODE(a_cancelled_payment_is_not_sent),
		WITH_NODE(a_draft_is_sent_only_with_its_receiver_amount_and_memo),
		WITH_NODE(arguments_without_a_name_fill_the_parameters_that_are_left),
		WITH_NODE(a_text_with_blanks_needs_quotes),
		WITH_NODE(an_absurd_fee_is_refused),
		WITH_NODE(the_error_about_a_fee_names_the_highest_accepted_rate),
		WITH_NODE(malformed_amounts_are_refused_as_a_whole),
		cmocka_unit_test(texts_are_never_printed_as_amounts),
		WITH_NODE(json_numbers_are_read_as_exact_amounts),
		WITH_NODE(the_balance_of_a_foreign_address_is_counted_from_all_coins),
		WITH_NODE(unknown_commands_and_bad_arguments_are_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
