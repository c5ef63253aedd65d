/**
 * A ZooKeeper ensemble from plain files in a place of its own is taken over as it is: the first plan only names and
 * latches, and from then on it grows, is replaced and shrinks as any other. ZooKeeper's own shell is the witness.
 */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { type Lab, labUp, SMALL_JVM, until, zkShell } from "../../lab/mod.ts";
import { Theirs, THREE } from "./adopt_kit.ts";

const DIR = "/opt/coord-3.8";
const DATA = "/srv/coord/data";

class TheirZooKeeper extends Theirs {
  readonly plugin = "zookeeper";
  protected readonly trace =
    "pgrep -af '[Q]uorumPeerMain'; find /etc /root /usr/local /opt /srv /var/lib/quorate -xdev " +
    "-type f -newer /etc/hostname -not -path '*/version-2/*' -printf '%p %T@ %s\\n' 2>/dev/null | sort";

  static async up(name: string): Promise<TheirZooKeeper> {
    const site = new TheirZooKeeper(await labUp({ name, hosts: 5, zookeeper: "3.8" }));
    await site.home();
    return site;
  }

  shell(host: string, ...lines: readonly string[]): Promise<string> {
    return zkShell(this.lab, [`${this.address(host)}:12181`], ...lines);
  }

  protected override async members(host: string): Promise<string> {
    return [...(await this.shell(host, "config")).matchAll(/^server\..*$/gm)].join("\n");
  }

  override async mustBe(...hosts: readonly string[]): Promise<void> {
    const told = await Promise.all(hosts.map((host) => this.shell(host, "sync /", "config", "get /kept")));
    for (const said of told) {
      assert.deepEqual(
        [...said.matchAll(/^server\.\d+=([^:]+):12888:13888:(\w+)/gm)].map(([, at, role]) => `${at} ${role}`)
          .sort(),
        hosts.map((h) => `${this.address(h)} participant`).sort(),
        said,
      );
      assert.match(said, /^from the start$/m);
    }
  }

  /** As few restarts as will do, for each list goes from server to server: a dead host gives way, then four, then three. */
  override async lives(): Promise<void> {
    await this.lab.must("n1", "systemctl kill -s KILL coord; systemctl stop coord");
    for (const hosts of [["n4", "n2", "n3"], ["n4", "n2", "n3", "n5"], ["n4", "n3", "n5"]]) {
      await this.edit(...hosts);
      await this.apply();
      await this.mustBe(...hosts);
    }
  }
}

/** As a person would do it: a tarball unpacked on every host, and on three of them files and a unit. */
async function build(site: TheirZooKeeper, lab: Lab): Promise<void> {
  const servers = THREE.map((h, i) => `server.${i + 5}=${site.address(h)}:12888:13888`).join("\n");
  const classes = `${DIR}/lib/zookeeper.jar:${DIR}/lib/slf4j-simple.jar`;
  await Promise.all(lab.hosts.map(({ name }) =>
    lab.must(
      name,
      `useradd --system --user-group coordsvc
install -d ${DIR}/conf && ln -s /usr/share/java ${DIR}/lib`,
    )
  ));
  await Promise.all(THREE.map((host, i) =>
    lab.must(
      host,
      `install -d -m 700 -o coordsvc -g coordsvc ${DATA} && echo ${i + 5} >${DATA}/myid
cat >${DIR}/conf/coord.cfg <<'END'
# by hand
tickTime=1000
initLimit=20
syncLimit=10
dataDir=${DATA}
clientPort=12181
maxClientCnxns=77
4lw.commands.whitelist=srvr,conf
${servers}
END
chown -R coordsvc: ${DATA}
cat >/etc/systemd/system/coord.service <<'END'
[Service]
User=coordsvc
ExecStart=/usr/bin/java -Xmx96m ${SMALL_JVM} \\
  -cp ${classes} org.apache.zookeeper.server.quorum.QuorumPeerMain ${DIR}/conf/coord.cfg
SuccessExitStatus=143
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload && systemctl enable -q --now coord`,
    )
  ));
  await until(
    "the ensemble serves",
    async () =>
      (await site.shell("n1", 'create /kept "from the start"', "get /kept")).includes("\nfrom the start"),
    30_000,
  );
}

Deno.test("a ZooKeeper from plain files, with ports, places and a unit of its own, is taken over as it is", async () => {
  await using site = await TheirZooKeeper.up("zaodd");
  await build(site, site.lab);
  const said = await site.adopted({
    // The name of the ensemble is written into it, and beside the data.
    effects: ["nothing", "latches", "latches", "latches"],
    written: /^(\/var\/lib\/quorate\/.*|\/srv\/coord\/data\/quorate-ensemble .*)\n/gm,
  });
  assert.match(said, /creates the znode\s+\/quorate/);
  const { ensemble, ...options } = parse(await Deno.readTextFile(site.config)).services.zookeeper.options;
  assert.match(ensemble, /^[0-9a-f]{32} 7$/);
  assert.deepEqual(options, {
    unit: "coord.service",
    dataDir: DATA,
    config: `${DIR}/conf/coord.cfg`,
    membership: "static",
    clientPort: 12181,
    quorumPort: 12888,
    electionPort: 13888,
    user: "coordsvc",
    classPath: `${DIR}/lib/zookeeper.jar:${DIR}/lib/slf4j-simple.jar`,
    jvm: `-Xmx96m ${SMALL_JVM}`,
    settings: {
      "4lw.commands.whitelist": "srvr,conf",
      initLimit: "20",
      maxClientCnxns: "77",
      syncLimit: "10",
      tickTime: "1000",
    },
  });
  assert.match(await site.shell("n2", "get /quorate"), new RegExp(`^${ensemble}$`, "m"));
  await site.lives();
  assert.match(
    await site.shell("n5", "get /quorate"),
    new RegExp(`^${ensemble.split(" ")[0]} 8 server\\.`, "m"),
  );
});
