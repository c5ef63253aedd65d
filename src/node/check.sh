# What every node check is made of. Its standard output becomes one JSON document; every byte that others wrote
# travels in base64, so that nothing a node says can break it. Answers wait in memory-backed files, never on a data disk.

# NAME SECONDS COMMAND…: keeps its exit code and its output. 0 seconds for what sees to its own deadline or cannot hang,
# e.g. a shell function.
ask() {
	asking=$1 seconds=$2
	shift 2
	if [ "$seconds" = 0 ]; then
		"$@" >"$asking.out" 2>"$asking.err" </dev/null
	else
		timeout -k 1 "$seconds" "$@" >"$asking.out" 2>"$asking.err" </dev/null
	fi
	echo $? >"$asking.code"
}

# NAME TEXT: what is known already.
tell() {
	printf %s "$2" >"$1.out"
	: >"$1.err"
	echo 0 >"$1.code"
}

# What is asked for any service; leaves $pid (one live process, or nothing) to the plugin's part.
look() {
	ask unit 3 systemctl show -p LoadState -p ActiveState -p UnitFileState -p NRestarts -p Result -p MainPID \
		-p ControlGroup -p FragmentPath -p EnvironmentFiles -- "$unit"
	pid='' main='' cgroup=''
	while IFS='=' read -r key value; do
		case $key in MainPID) main=${value#0} ;; ControlGroup) cgroup=$value ;; esac
	done <unit.out
	ask pids 0 quorate_pids "$process" "$unit" "$dir" "$cgroup"
	read -r pid <pids.out
	pid=${pid:-$main}
	for mark in latch intent started fenced; do
		ask "$mark" 0 cat -- "/var/lib/quorate/$service/$mark"
	done
	ask fence 0 test -e "/etc/systemd/system/$unit.d/quorate-fence.conf"
	line=none lock=/run/quorate/$unit.lock
	[ ! -e "$lock" ] || { line=''; read -r line <"$lock"; }
	tell lock "$line"
	if quorate_near "$dir"; then
		ask aside 0 quorate_asides "$quorate_path"
		tell path "$quorate_path"
		ask disk-free 3 stat -f -c '%i %S %b %a %f' -- "$quorate_near"
		if [ -w "$quorate_near" ]; then tell mount rw; else tell mount ro; fi
	fi
}

# All answers of one service: names and sizes, and then the bytes of all in that order.
pack() {
	set -- *
	printf '"files":['
	stat -c '["%n",%s],' -- "$@"
	printf '0],"bytes":"'
	cat -- "$@" | base64 -w 0
	printf '"'
}
