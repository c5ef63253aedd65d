import assert from "node:assert/strict";
import { readEnvFile } from "../../../plugins/etcd/envfile.ts";

Deno.test("an environment file is read as systemd reads it", () => {
  const text = String.raw`# ETCD_A=comment
; ETCD_B=comment
ETCD_C=plain value   
 ETCD_D = "double \"quoted\" \$x"
ETCD_E='single \n'
ETCD_F="a"'b'c
ETCD_G=one \
two
ETCD_H="one
two"
ETCD_I=http://a:1,http://b:2
ETCD_J=
not an assignment
ETCD_C=last one counts`;
  assert.deepEqual(readEnvFile(text), {
    ETCD_C: "last one counts",
    ETCD_D: 'double "quoted" $x',
    ETCD_E: String.raw`single \n`,
    ETCD_F: "abc",
    ETCD_G: "one two",
    ETCD_H: "one\ntwo",
    ETCD_I: "http://a:1,http://b:2",
    ETCD_J: "",
  });
});

Deno.test("a broken quote spoils its own line only", () => {
  assert.deepEqual(readEnvFile(`A="open\nB=2\n`), { A: '"open', B: "2" });
});
