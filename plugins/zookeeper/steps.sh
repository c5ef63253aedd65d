# Shell functions that the steps of the ZooKeeper playbook call; see shell.ts.

# UNIT USER CONTENT
zk_unit() {
	id -u "$2" >/dev/null 2>&1 || useradd --system --user-group --home-dir /var/lib/zookeeper --no-create-home \
		--shell /usr/sbin/nologin "$2" || return 1
	printf '%s' "$3" | quorate_write "/etc/systemd/system/$1" 644 && systemctl daemon-reload
}

# SERVICE UNIT DIR CONFIG JAVA CLASSPATH MEMBERSHIP [AUTH]: all that can fail on a node fails here, before the ensemble
# hears of it.
zk_stage() {
	command -v "$5" >/dev/null || { quorate_fail "there is no $5 here: install a Java runtime, 9 or later"; return 1; }
	zk_native "$2" || return
	zk_has_server "$6" || { quorate_fail "no class path of $6 has ZooKeeper: install it"; return 1; }
	zk_super "$1" ${8:+"$8"} && quorate_stage "$1" "$2" "$3" || return
	[ "$7" != dynamic ] || zk_owned "$2" "${4%/*}"
}

# UNIT: it is not what systemd makes of an init script, as Debian's zookeeperd has one. Such a unit stays active when Java has
# died, so no start would start it again; and it has a zoo.cfg and variables of its own.
zk_native() {
	zk_script=$(timeout 10 systemctl show -p SourcePath --value -- "$1") || { quorate_fail "systemd does not tell what $1 is made of"; return; }
	case $zk_script in
	*/init.d/*) quorate_fail "$1 is what systemd makes of the init script $zk_script, and does not tell whether ZooKeeper runs: stop it and keep it from starting (systemctl disable --now $1), and let options.unit have another name, of which a unit is written; or write one of this name in /etc/systemd/system that starts Java itself" ;;
	esac
}

# CLASSPATH: some jar of ZooKeeper's is there.
zk_has_server() (
	IFS=:
	set -f
	for place in $1; do
		set +f
		for jar in $place; do case ${jar##*/} in zookeeper*.jar) [ ! -e "$jar" ] || exit 0 ;; esac; done
	done
	exit 1
)

# UNIT DIR: a folder of the unit's user, in which the server writes its lists. One that is there and is somebody else's is
# not taken: it may be /etc.
zk_owned() {
	zk_user=$(timeout 10 systemctl show -p User --value -- "$1")
	zk_user=${zk_user:-root}
	if [ -d "$2" ]; then
		[ "$(stat -L -c %U -- "$2")" = "$zk_user" ] || quorate_fail "$2 is not $zk_user's, and the server has to write there: let options.config name a file in a folder of its own, or give it that one"
		return
	fi
	zk_group=$(id -gn "$zk_user") && mkdir -p -- "${2%/*}" && install -d -m 755 -o "$zk_user" -g "$zk_group" -- "$2"
}

# SERVICE [AUTH]: a super user of this node's own server: the one that AUTH names, or else one of its own. Its password
# stays in a file that only root reads; the unit that Quorate writes takes its hash from another one, because a command
# line is for everybody to see.
zk_super() (
	dir=/var/lib/quorate/$1
	if [ -n "$2" ]; then
		{ read -r scheme who || [ -n "$who" ]; } <"$2" || { quorate_fail "cannot read $2, which should say who may reconfigure: bring it here from a member"; exit; }
		# Another scheme is for the unit's own settings to know.
		[ "$scheme" = digest ] || exit 0
	else
		[ ! -e "$dir/super" ] || [ ! -e "$dir/java.env" ] || exit 0
		who=$(zk_new_super)
	fi
	umask 022
	mkdir -p -- "$dir" && zk_super_env "$dir" "$who" || exit
	umask 077
	[ -n "$2" ] || printf 'digest %s\n' "$who" | quorate_replace "$dir/super" 600
)

zk_new_super() {
	printf 'super:%s' "$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')"
}

# DIR USER:PASSWORD: tells a server, by DIR/java.env, whom to take for the super user.
zk_super_env() (
	umask 077
	# The hash is base64 of the bytes that sha1sum prints in hexadecimal.
	hash=$(printf %s "$2" | sha1sum | cut -d ' ' -f 1)
	octal=''
	while [ -n "$hash" ]; do
		rest=${hash#??}
		octal=$octal$(printf '\\%03o' "0x${hash%"$rest"}")
		hash=$rest
	done
	printf 'JDK_JAVA_OPTIONS=-Dzookeeper.DigestAuthenticationProvider.superDigest=%s:%s\n' \
		"${2%%:*}" "$(printf "$octal" | base64)" | quorate_replace "$1/java.env" 600
)

# SERVICE UNIT DIR CONFIG MYID ENSEMBLE SERVERS KEY=VALUE…: what a server needs for its first start. SERVERS are the lines
# of the list, with blanks between.
zk_configure() (
	service=$1 unit=$2 dir=$3 config=$4 myid=$5 ensemble=$6 servers=$7
	shift 7
	case $myid in '' | *[!0-9]*) quorate_fail "no id was given to this server"; exit ;; esac
	zk_owned "$unit" "${config%/*}" && zk_set_keys "$config" "$@" "dynamicConfigFile=$config.dynamic" || exit
	zk_drop_lists "$config"
	printf '%s\n' $servers | quorate_write "$config.dynamic" 644 || exit
	chown --reference="${config%/*}" -- "$config.dynamic" && zk_is "$service" "$dir" "$myid" "$ensemble"
)

# CONFIG KEY=VALUE…: a file that is there keeps its owner and its mode; a new one is its folder's owner's.
zk_set_keys() {
	[ ! -e "$1" ] || { quorate_set_keys "$@"; return; }
	quorate_set_keys "$@" && chown --reference="${1%/*}" -- "$1"
}

# CONFIG KEY=VALUE…: of these the ones about which zoo.cfg says nothing.
zk_defaults() {
	zk_file=$1
	shift
	for zk_pair; do
		shift
		grep -qs "^[[:blank:]]*${zk_pair%%=*}[[:blank:]=:]" -- "$zk_file" || set -- "$@" "$zk_pair"
	done
	[ $# -eq 0 ] || { mkdir -p -- "${zk_file%/*}" && zk_set_keys "$zk_file" "$@"; }
}

# CONFIG: lists that an earlier membership left are not taken for newer ones. ZooKeeper names them by a hexadecimal number;
# whatever else lies there is somebody's.
zk_drop_lists() {
	rm -f -- "$1.dynamic.next"
	for zk_list in "$1.dynamic".*; do
		case ${zk_list#"$1.dynamic."} in *[!0-9a-f]*) ;; *) rm -f -- "$zk_list" ;; esac
	done
}

# SERVICE DIR MYID ENSEMBLE: whose data it is that comes to lie there, if any does.
zk_is() {
	rm -f -- "$2/initialize" "$2/quorate-begin"
	printf '%s\n' "$4" | quorate_replace "$2/quorate-ensemble" 644 &&
		printf '%s\n' "$3" | quorate_replace "$2/myid" 644 &&
		chown --reference="$2" -- "$2/quorate-ensemble" "$2/myid" && quorate_unmark "$1" restart
}

# SERVICE UNIT DIR: the server takes `initialize` away; without it an empty one has no vote (db.autocreate).
zk_start_new() {
	: >"$3/initialize" && chown --reference="$3" -- "$3/initialize" || return
	quorate_start_new "$1" "$2" "$3" zk_disk_id java && return
	rm -f -- "$3/initialize"
	return 1
}

# SERVICE CONFIG KEY=VALUE…: a restart is due until it has been made, also after a crash in between.
zk_set() {
	quorate_mark "$1" restart && zk_kept=$2 || return
	shift 2
	[ $# -eq 0 ] || zk_set_keys "$zk_kept" "$@"
}

# SERVICE UNIT
zk_restart() {
	timeout 60 systemctl restart -- "$2" && quorate_unmark "$1" restart
}

# DIR ENSEMBLE MYID: writes beside the data of which ensemble it is, where others built that.
zk_named() {
	[ ! -e "$1/quorate-ensemble" ] || return 0
	[ "$(cat -- "$1/myid")" = "$3" ] || { quorate_fail "$1 holds the data of another server than $3"; return 1; }
	printf '%s\n' "$2" | quorate_replace "$1/quorate-ensemble" 644
}

# ---- the ensemble, through this node's own server ----------------------------------------------------------------

# SERVICE PORT JAVA CLASSPATH [AUTH]: what the functions below go by. Where nothing is reconfigured, who may write
# /quorate may be anybody.
zk_near() {
	zk_host=localhost zk_port=$2 zk_java=$3 zk_classes=$4 zk_auth=${5:-/var/lib/quorate/$1/super}
}

# The same, for who has to be the super user.
zk_with() {
	zk_near "$@"
	[ -r "$zk_auth" ] || quorate_fail "cannot read $zk_auth, which should say who may reconfigure: put SCHEME CREDENTIALS of the super user that the servers were started with into a file on each host, and let options.auth name it"
}

# ZooKeeper's shell takes commands, and the credentials, on its standard input; its exit code says nothing.
zk_cli() {
	{ [ ! -r "$zk_auth" ] || printf 'addauth %s\n' "$(cat -- "$zk_auth")"; cat; printf 'quit\n'; } | timeout -k 1 40 "$zk_java" -Xmx64m \
		-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=off -cp "$zk_classes" \
		org.apache.zookeeper.ZooKeeperMain -timeout 10000 -server "$zk_host:$zk_port" 2>&1
}

# The lines of the configuration in a session's bytes.
zk_lines() {
	tr -c '[:print:]\n' '\n' | grep -oE 'server\.[0-9]+=[^ ]+|version=[0-9a-f]+'
}

# Reads the record, in a session of its own, into zk_text: a majority takes part in that.
zk_record() {
	zk_text=$(zk_session "$zk_host" "$zk_port" 2>/dev/null | tr -c '[:print:]\n' '\n')
	case $zk_text in *version=*) ;; *) return 1 ;; esac
}

# ID: how the newest record names this server: participant, observer, or nothing. A lost reply says nothing about what
# became of a change (S13), and an election follows where the leader is removed: so the record is read again and again.
zk_role() {
	zk_tries=0
	until zk_record; do
		zk_tries=$((zk_tries + 1))
		[ "$zk_tries" -lt 60 ] || { quorate_fail "the record cannot be read back"; return 1; }
		sleep 0.25
	done
	printf '%s\n' "$zk_text" | sed -n "s/.*server\\.$1=[^;]*:\\([a-z]*\\).*/\\1/p"
}

# [NAME]: the highest id that /quorate knows of, in the record that was read; behind it a static ensemble has its servers.
# Bytes around it may look like anything: only the name tells for sure what it is.
zk_given_id() {
	printf '%s\n' "$zk_text" | sed -nE "s/^.*${1:-[0-9A-Za-z]} ([0-9]{1,3})( server\\..*)? *\$/\\1/p" | head -n 1
}

# What the shell said, without its greeting; and what it means that somebody may not.
zk_complain() {
	printf '%s\n' "$zk_said" | grep -vE '^($|Connecting to|Welcome|JLine|SLF4J|WATCHER|WatchedEvent)' | tail -n 4 >&2
	case $zk_said in
	*'Insufficient permission'* | *NoAuth*) quorate_fail "the server here does not let in whom $zk_auth names: that has to be its super user, whose digest it reads when it starts (superDigest), or else who created /quorate" ;;
	esac
	return 1
}

# ENSEMBLE HIGHEST [ACL]: gives the ensemble its name, once.
zk_name() {
	zk_said=$(printf 'create /quorate "%s %s" %s\n' "$1" "$2" "${3:-world:anyone:r}" | zk_cli)
	zk_role 0 >/dev/null || return
	case $zk_text in *"$1 "*) ;; *) zk_complain ;; esac
}

# ENSEMBLE HIGHEST ACL: the same for one that others built, which somebody may have named meanwhile.
zk_adopt() {
	zk_record || { quorate_fail "the server here serves no read"; return; }
	case $zk_text in *"$1 "*) return 0 ;; esac
	zk_name "$1" "$2" "$3" || quorate_fail "/quorate could not be created, or somebody else has just done so: the next run goes by what it says"
}

# ENSEMBLE ID SPEC VERSION: registers an observer. That its id was given is written down first, for good: on condition, so
# that one who comes late does not take back what was given since.
zk_register() {
	# There may be an election.
	zk_role 0 >/dev/null || return
	zk_written=$(zk_version "$zk_host" "$zk_port") && zk_record || { quorate_fail "/quorate cannot be read"; return; }
	zk_highest=$(zk_given_id "$1")
	[ "${zk_highest:-0}" -le "$2" ] || { quorate_fail "id $2 is not valid any more: $zk_highest was given since"; return; }
	zk_said=$(printf 'set -v %s /quorate "%s %s"\nreconfig -v %s -add server.%s=%s\n' \
		"$zk_written" "$1" "$2" "$4" "$2" "$3" | zk_cli)
	[ "$(zk_role "$2")" = observer ] || { zk_complain; return; }
	zk_record
	case $zk_text in *"$1 $2"*) ;; *) zk_complain ;; esac
}

# ID SPEC VERSION: makes an observer a voter. A leader asks that a majority of the new voters follow it, and an observer
# does not count for that, as where one server becomes two. Who is in no list follows without a vote, and counts.
zk_promote() {
	zk_said=$(printf 'reconfig -v %s -add server.%s=%s\n' "$3" "$1" "$2" | zk_cli)
	case $zk_said in
	*"No quorum of new config"*)
		zk_said=$(printf 'reconfig -v %s -remove %s\n' "$3" "$1" | zk_cli)
		[ -z "$(zk_role "$1")" ] || { zk_complain; return; }
		for zk_try in 1 2 3 4 5 6 7 8; do
			zk_record && zk_version=${zk_text##*version=} || continue
			zk_said=$(printf 'reconfig -v %s -add server.%s=%s\n' "${zk_version%%[!0-9a-f]*}" "$1" "$2" | zk_cli)
			[ "$(zk_role "$1")" != participant ] || return 0
			sleep 0.5
		done
		;;
	esac
	[ "$(zk_role "$1")" = participant ] || zk_complain
}

# ID VERSION: the record is read back in a new session, which is a write among the members that are left: only after
# one may the server that was removed be stopped.
zk_remove() {
	zk_said=$(printf 'reconfig -v %s -remove %s\n' "$2" "$1" | zk_cli)
	zk_left=$(zk_role "$1") && [ -z "$zk_left" ] || zk_complain
}

# DIR FILE: the newest snapshot and the logs since, which together are the data as of now: ZooKeeper replays them. With them
# goes what the ensemble is now, for whoever looks at the file.
zk_backup() (
	zk_record || { quorate_fail "the server here serves no read"; exit; }
	zk_plain_snapshots "$1" || exit
	umask 077
	mkdir -p -- "${2%/*}" && cd -- "$1" || exit
	{
		zk_word "$zk_host" "$zk_port" srvr | sed -n 's/^Zookeeper version: \([0-9.]*\).*/zookeeper=\1/p'
		printf '%s\n' "$zk_text" | zk_lines
	} >"${2%/*}/quorate-snapshot" || exit
	# 1: a log grew meanwhile.
	tar -czSf "$2" -C "${2%/*}" quorate-snapshot -C "$PWD" $(zk_needed .) myid 2>/dev/null
	packed=$?
	rm -f -- "${2%/*}/quorate-snapshot"
	[ "$packed" -le 1 ] || quorate_fail "cannot write $2"
)

# FILE: the number behind the last dot, which is hexadecimal.
zk_zxid() {
	case ${1##*.} in *[!0-9a-f]* | '') return 1 ;; esac
	printf '%d\n' "0x${1##*.}"
}
