"""Five nodes on hosts of a slow network that loses packets; the network is split in two and joined again."""
import json
import os
import time

from framework import Node, RpcError, Skip, TALLY, main, wait_until
import netns

DELAY_S = 0.03  # one way
LOSE = 40  # one packet of 40 is lost


class HostNode(Node):
    """A node on a host of its own. Its control port can be reached from inside that host only, so commands run
    there."""

    def __init__(self, home, host, node_id):
        super().__init__(home, node_id)
        self.host = host

    def command(self, *args):
        return self.host.in_namespace(TALLY, *args)

    def rpc(self, method, *params):
        words = [p if isinstance(p, str) else json.dumps(p) for p in params]
        status, out, err = self.run("rpc", method, *words)
        if status != 0:
            raise RpcError(status, err)
        try:
            return json.loads(out)
        except ValueError:
            return out.strip()


def make_hosts(net):
    if os.geteuid() != 0:
        raise Skip("network namespaces need root")
    hosts = []
    try:
        for i in range(5):
            hosts.append(netns.Host("10.77.0.%d" % (i + 1)))
    except (netns.NotPermitted, OSError) as e:
        for h in hosts:
            h.close()
        raise Skip("network namespaces are not permitted here: %s" % e)
    nodes = [HostNode(net.home, h, 3000 + i) for i, h in enumerate(hosts)]
    net.nodes += nodes
    return hosts, nodes


def agree(nodes):
    tips = {n.tip() for n in nodes}
    return len(tips) == 1


def run_scenario(nodes, switch, hosts):
    one = nodes[0]
    one.create("CENTRAL_NODE", "-spacing", "0", "-name", "hosts")
    one.start("-connect", "0")
    for n in nodes[1:]:
        n.start("-connect", "10.77.0.1:3000")
    one.generate(20)
    wait_until("all nodes have joined", lambda: agree(nodes) and one.rpc("getblockcount") == 20, 30)
    to = [n.cli("createwallet") for n in nodes]
    txid = one.rpc("sendtoaddress", to[4], 7)
    wait_until("the payment is in the fifth node's mempool", lambda: txid in nodes[4].rpc("getrawmempool"), 20)

    switch.split(hosts[2], hosts[3], hosts[4])
    before = one.tip()
    # Each side mines. The payment on the smaller side never reaches the other side.
    payment = one.rpc("sendtoaddress", to[1], 3)
    one.generate(4)
    nodes[4].generate(9, to[4])
    assert one.tip() != nodes[4].tip() and nodes[1].rpc("getblockcount") <= 24
    assert nodes[2].rpc("getblockcount") in (20, 29) and before != one.tip()

    time.sleep(4)  # meanwhile TCP retransmits after longer and longer pauses
    switch.heal()
    # A node that lost its connection dials again after its backoff; a connection that held retransmits.
    wait_until("all nodes have the longer branch", lambda: agree(nodes) and one.rpc("getblockcount") == 29, 60)
    assert payment in one.rpc("getrawmempool")  # its block was reorganised away, so it is unconfirmed again
    one.generate(1)
    wait_until("the payment is in a block that all nodes have",
               lambda: agree(nodes) and one.rpc("getblockcount") == 30, 30)
    assert nodes[1].cli("getbalance", "-address", to[1]).endswith(": 3")
    coins = {n.cli("rpc", "gettxoutsetinfo") for n in nodes}
    assert len(coins) == 1, coins
    assert switch.lost > 0


def test_nodes_agree_after_a_partition_heals(net):
    hosts, nodes = make_hosts(net)
    switch = netns.Switch(hosts, DELAY_S, LOSE)
    try:
        run_scenario(nodes, switch, hosts)
        for n in nodes:
            assert n.stop() == 0
    finally:
        for n in nodes:
            if n.process:
                n.process.kill()
                n.process.wait()
                n.process = None
                n.log.close()
        switch.close()
        for h in hosts:
            h.close()


if __name__ == "__main__":
    main(globals())
