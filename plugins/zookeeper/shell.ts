/**
 * Shell functions of the ZooKeeper playbook's own steps. They call those that every node check and step can call
 * (`quorate_…`), and are sent along with them.
 *
 * - `zk_unit UNIT USER CONTENT` writes a unit where there is none, and its user.
 * - `zk_stage SERVICE UNIT DIR CONFIG JAVA CLASSPATH MEMBERSHIP [AUTH]` is `quorate_stage` for ZooKeeper; it also makes this
 *   node's own super user, whose password never leaves the node, or the one that AUTH names.
 * - `zk_configure SERVICE UNIT DIR CONFIG MYID ENSEMBLE SERVERS KEY=VALUE…` writes what a first start needs; `zk_configure_static` the
 *   same with the list in zoo.cfg.
 * - `zk_defaults CONFIG KEY=VALUE…` sets those of which zoo.cfg says nothing.
 * - `zk_set` and `zk_restart` keep zoo.cfg, and see that what it says comes into effect.
 * - `zk_with SERVICE PORT JAVA CLASSPATH [AUTH]` goes before `zk_name`, `zk_register`, `zk_promote`, `zk_remove`, which change
 *   the ensemble through the server of the node that they run on. What became of a change they read back, in a session of
 *   their own: a reply that was lost says nothing.
 * - `zk_near` is `zk_with` for a static ensemble, whose list is in the files: it goes before `zk_note VERSION TEXT`, which writes
 *   the list that is meant into `/quorate`, `zk_reload SERVICE UNIT ID SERVERS`, which restarts this node's server with the list
 *   that `zk_servers CONFIG SERVERS` wrote, if the others can spare it, and `zk_yield UNIT`, after which another one leads.
 * - `zk_backup DIR FILE` packs the data as it is now.
 * - `zk_log_end DIR` says how far data goes; `zk_answers HOST PORT` whether anything listens there.
 * - `zk_ready_disk SERVICE UNIT DIR CONFIG JAVA CLASSPATH JVM SPEC TOKEN KNOWN KEY=VALUE…` and `zk_ready_snapshot FILE …` make
 *   data ready with which an ensemble begins again, of a server that is none of the former ones (S19). KNOWN: the highest id
 *   that is known to have been given.
 * - `zk_start UNIT DIR CONFIG` is `quorate_start` for a server with data: the list that came with such data is put in force.
 * - `zk_disk_id DIR` prints `ENSEMBLE ID` of the data in a directory; 1: there is none, 2: it cannot be told.
 *
 * @module
 */
import { checkShell } from "./check.ts";
import again from "./again.sh" with { type: "text" };
import list from "./list.sh" with { type: "text" };
import steps from "./steps.sh" with { type: "text" };

export const zookeeperShell: string = `${checkShell}\n${steps}\n${list}\n${again}`;
