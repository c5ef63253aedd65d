# What of ZooKeeper runs on a host that no config names yet; see adopt.ts. It only looks, and of passwords and digests it
# tells no more than that they are there.

# Live servers: PID, where it runs, its unit or "-".
zk_processes() {
	quorate_processes java | while read -r id where unit; do
		! tr '\000' '\n' <"/proc/$id/cmdline" | grep -qxF "$zk_main" || printf '%s %s %s\n' "$id" "$where" "$unit"
	done
}
zk_main=org.apache.zookeeper.server.quorum.QuorumPeerMain

zk_masked() {
	sed -E 's/(([Pp]assword|[Pp]assphrase|[Dd]igest)[A-Za-z.]*[[:space:]]*[=:]).*/\1***/'
}

# PID: what its variables say, a line "--", its command line, one argument a line.
zk_started_with() {
	tr '\000' '\n' <"/proc/$1/environ" | sed -n '/^CLASSPATH=/p;/^JDK_JAVA_OPTIONS=/p' | zk_masked && echo -- &&
		tr '\000' '\n' <"/proc/$1/cmdline" | zk_masked
}

# PID: the zoo.cfg that it was started with.
zk_config_path() {
	file=$(sed -n "/^$zk_main\$/{n;p;}" "started.$1.out")
	case $file in
	'') return 1 ;;
	/*) realpath -ms -- "$file" ;;
	*) realpath -ms -- "$(readlink -- "/proc/$1/cwd")/$file" ;;
	esac
}

# KEY FILE: what a file says of this key; the last time counts.
zk_key() {
	sed -nE "s/^[[:space:]]*$1[[:space:]]*[=:][[:space:]]*([^[:space:]]*).*/\1/p" "$2" | sed -n '$p'
}

# PID: the servers that its files name, and those of former lists beside them: a line "--" between.
zk_lists() {
	read -r file <"file.$1.out" && dynamic=$(zk_key dynamicConfigFile "config.$1.out") || return
	cat -- "config.$1.out" ${dynamic:+"$dynamic"} | grep -E '^[[:space:]]*(server|group|weight)\.'
	echo --
	cat -- "$file"* ${dynamic:+"${dynamic%.*}"*} | grep -oE '^[[:space:]]*server\.[0-9]+' | sort -u
}

# PID MYID: a session at the server itself, at the port that its files name.
zk_session_of() {
	port=$(sed -nE "s/^[[:space:]]*server\.$2=.*;(.*:)?([0-9]+)[[:space:]]*$/\2/p" "lists.$1.out" | sed -n 1p)
	zk_read localhost "${port:-$(zk_key clientPort "config.$1.out")}"
}

zk_adopt() {
	# A name that an ensemble without one could get.
	ask token 0 od -An -N 16 -tx1 /dev/urandom
	ask java 0 readlink -f /usr/bin/java
	ask processes 0 zk_processes
	while read -r id where unit; do
		[ "$where" = host ] || continue
		ask "started.$id" 0 zk_started_with "$id"
		ask "binary.$id" 0 readlink -- "/proc/$id/exe"
		ask "cwd.$id" 0 readlink -- "/proc/$id/cwd"
		ask "unit.$id" 3 systemctl show -p LoadState -p User -p SourcePath -- "$unit"
		ask "used.$id" 0 zk_used "$id"
		ask "file.$id" 0 zk_config_path "$id"
		read -r file <"file.$id.out" || continue
		ask "config.$id" 0 eval 'zk_masked <"$file"'
		ask "myid.$id" 0 cat -- "$(zk_key dataDir "config.$id.out")/myid"
		ask "lists.$id" 0 zk_lists "$id"
		read -r myid <"myid.$id.out" || continue
		ask "session.$id" 0 zk_session_of "$id" "$myid"
	done <processes.out
}
zk_adopt
