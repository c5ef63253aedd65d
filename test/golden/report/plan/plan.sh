#!/bin/sh
# A runbook: what `quorate apply` would do, one section a step. Run the sections in their order, each as root in a
# POSIX shell on the host that it names. Look at the answer before the next one. No lock is held meanwhile, so stop the
# timer that runs `quorate apply`.
echo 'This is a runbook: run its sections one by one, each on the host that it names.' >&2
exit 64

# ====================================================================================================
# metadata (etcd): add
# quorum now: held, 3 of 3 voters healthy, 2 needed, margin 1

# --- change 1 of 2: add n4

# step 1/4 stage:n4, on n4 (10.0.0.14): write the settings on n4
#   effect: configures; twice is the same as once
#   done already, so there is nothing to do; it would be:
#   put_settings() {
#     cat > "$1"
#   }
#   put_settings /etc/default/etcd

# step 2/4 register-learner, on n1 (10.0.0.11): register n4 as a learner
#   effect: registersLearner; unless n4 is recorded
etcdctl member add n4 --learner \
  --peer-urls=http://n4:2380

# step 3/4 caught-up, on the management node: wait until n4 has caught up
#   effect: waits
#   nothing to type: look for yourself

# step 4/4 promote, on the leader: promote n4
#   effect: promotes
etcdctl member promote "$(etcdctl member list | awk …)"

# quorum after this change: 4 of 4 voters healthy, 3 needed, margin 1

# --- change 2 of 2: remove n3; it follows from what is expected, so plan again before you do it

# step 1/1 remove, on n1 (10.0.0.11): remove n3
#   effect: removes
etcdctl member remove a300000000000000

# quorum after this change: 3 of 3 voters healthy, 2 needed, margin 1

# ====================================================================================================
# locks (etcd): refused
# quorum now: held, 3 of 3 voters healthy, 2 needed, margin 1
# refused by S9: the config leaves out n2 and n3: 2 of 3 voters at once, at most 1 a run
#   to go on: take out one member, apply, then the next

# ====================================================================================================
# calm (etcd): steady
# quorum now: held, 3 of 3 voters healthy, 2 needed, margin 1
