/* Connecting blocks: what is accepted, what is refused, what the coins are then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chain_fixture.h"

static void genesis_is_the_first_tip(void **state)
{
	struct fx fx;
	struct chain_entry tip;
	struct u256 work;

	(void)state;
	fx_open(&fx, NULL);
	tip = chain_tip(fx.chain);
	assert_true(fx_is_tip(&fx, fx.genesis));
	assert_int_equal(tip.height, 0);
	assert_int_equal(tip.prev, CHAIN_NONE);
	work = work_of_bits(fx.genesis->header.bits);
	assert_int_equal(u256_cmp(&tip.work, &work), 0);
	assert_int_equal(chain_header_count(fx.chain), 1);
	assert_string_equal(chain_params(fx.chain)->name, "fixture");
	assert_true(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	assert_false(fx_has_coin(&fx, &fx.genesis->tx[0], 1)); /* the parameter record */
	assert_int_equal(fx_check_coins(&fx), 1);
	fx_close(&fx);
}

static void a_block_extends_the_chain(void **state)
{
	struct fx fx;
	struct block *b;

	(void)state;
	fx_open(&fx, NULL);
	b = fx_extend(&fx, fx.genesis, 3);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_int_equal(chain_height(fx.chain), 3);
	assert_int_equal(fx_check_coins(&fx), 4);
	block_unref(b);
	fx_close(&fx);
}

static void a_payment_moves_a_coin(void **state)
{
	struct fx fx;
	struct tx *pay;
	struct block *b;

	(void)state;
	fx_open(&fx, NULL);
	pay = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	b = fx_mine(&fx, fx.genesis, &pay, 1);
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_false(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	assert_true(fx_has_coin(&fx, pay, 0));
	assert_int_equal(fx_check_coins(&fx), 2);
	tx_unref(pay);
	block_unref(b);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis_is_the_first_tip),
		cmocka_unit_test(a_block_extends_the_chain),
		cmocka_unit_test(a_payment_moves_a_coin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
