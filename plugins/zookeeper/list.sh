# Shell functions for ensembles whose list of servers stands in each server's zoo.cfg; see shell.ts. A list is given as
# words `server.N=ADDRESS:QUORUMPORT:ELECTIONPORT:ROLE;CLIENTADDRESS`, SERVERS being all of them with blanks between.

# CONFIG SERVERS: these are the servers in zoo.cfg from the next start on. A line of the operator's that says the same stays
# as it is; all other lines stay.
zk_servers() {
	zk_file=$1
	set -- $2
	[ $# -gt 0 ] || { quorate_fail "no list of servers was given"; return 1; }
	[ -e "$zk_file" ] || : | quorate_replace "$zk_file" 644 || return
	zk_lines_for "$zk_file" "$@" | quorate_write "$zk_file" 644
}

# CONFIG LINE…: the text of the file, with these servers.
zk_lines_for() (
	had=' '
	while IFS= read -r line || [ -n "$line" ]; do
		bare=${line#"${line%%[! 	]*}"}
		case $bare in server.[0-9]*) ;; *) printf '%s\n' "$line"; continue ;; esac
		key=${bare%%[!a-z0-9.]*}
		for want; do
			case $want in "$key="*) ;; *) continue ;; esac
			had="$had$key "
			value=${bare#"$key"}
			value=${value#"${value%%[!= 	]*}"}
			plain=$(zk_plain "${want#*=}")
			case $(zk_plain "$value") in
			"$plain" | "$plain"[!0-9:]*) printf '%s\n' "$line" ;;
			*) printf '%s\n' "$key=$plain" ;;
			esac
		done
	done <"$1"
	shift
	for want; do
		case $had in *" ${want%%=*} "*) ;; *) printf '%s\n' "${want%%=*}=$(zk_plain "${want#*=}")" ;; esac
	done
)

# VALUE: a server as zoo.cfg has had it since 3.4: where clients come in is said by clientPort.
zk_plain() {
	zk_value=${1%%;*}
	printf '%s\n' "${zk_value%:participant}"
}

# SERVICE UNIT DIR CONFIG MYID ENSEMBLE SERVERS KEY=VALUE…: what a server needs for its first start.
zk_configure_static() (
	service=$1 dir=$3 config=$4 myid=$5 ensemble=$6 servers=$7
	shift 7
	mkdir -p -- "${config%/*}" && quorate_set_keys "$config" "$@" && zk_servers "$config" "$servers" &&
		zk_is "$service" "$dir" "$myid" "$ensemble"
)

# HOST PORT: the id of the server there, if it serves: opening a session is a write. Behind the length of the answer come
# the protocol, how long the session lasts, which is 0 where it was refused, and the session's id.
zk_serving() {
	zk_hex=$(zk_session "$1" "$2" 2>/dev/null | od -An -v -tx1 -N 24 | tr -d ' \n')
	case $zk_hex in '' | ????????????????00000000*) return 1 ;; esac
	zk_hex=${zk_hex#????????????????????????}
	printf '%d\n' "0x${zk_hex%"${zk_hex#??}"}"
}

# HOST PORT: how often /quorate was written. Its answer is the second packet; behind the header of 16 bytes and the data
# stand two transactions and two times. 1: it is not there, or the answer was cut off.
zk_version() {
	zk_hex=$(zk_session "$1" "$2" 2>/dev/null | od -An -v -tx1 | tr -d ' \n')
	[ ${#zk_hex} -gt 8 ] || return
	zk_at=$((56 + 2 * 0x$(printf %s "$zk_hex" | cut -c 1-8)))
	[ ${#zk_hex} -ge "$zk_at" ] || return
	zk_at=$((zk_at + 72 + 2 * 0x$(printf %s "$zk_hex" | cut -c "$((zk_at - 7))-$zk_at")))
	[ ${#zk_hex} -ge "$zk_at" ] || return
	printf '%d\n' "0x$(printf %s "$zk_hex" | cut -c "$((zk_at - 7))-$zk_at")"
}

# NAME HOST PORT: what /quorate holds, a word a line: NAME, the highest id, and the servers; those that the server itself
# tells where they are not written there yet.
zk_listed() {
	zk_told=$(zk_session "$2" "$3" 2>/dev/null | tr -c '[:print:]' '\n')
	zk_entry=$(printf '%s\n' "$zk_told" | grep -oE -m 1 "$1 [0-9]+( server[.][^ ]+)*") || return
	printf '%s\n' "$zk_entry" | tr ' ' '\n'
	case $zk_entry in *server.*) return ;; esac
	printf '%s\n' "$zk_told" | grep -oE 'server\.[0-9]+=[^ ]+'
}

# SPEC [ID]: the same on standard input, with one more server: of the next id, or of this one.
zk_registering() {
	set -- "$1" "${2:-}" $(cat)
	zk_spec=$1 zk_id=$2 zk_name=$3 zk_highest=$4
	shift 4
	[ -n "$zk_id" ] || zk_id=$((zk_highest + 1)) zk_highest=$((zk_highest + 1))
	echo "$zk_name $zk_highest $* server.$zk_id=$zk_spec"
}

# VERSION TEXT: writes what /quorate holds, unless somebody came first; what became of it is read back.
zk_note() {
	zk_said=$(printf 'set -v %s /quorate "%s"\n' "$1" "$2" | zk_cli)
	zk_role 0 >/dev/null || return
	case $zk_text in *"$2
"*) ;; *) zk_complain ;; esac
}

# SERVICE UNIT: who may write /quorate where no file of the ensemble's says who may: the super user, whom a unit lets in that
# reads what `zk_super` wrote; and where there is none, anybody, for nobody could.
zk_writers() {
	zk_files=$(timeout 10 systemctl show -p EnvironmentFiles --value -- "$2") || { quorate_fail "$2 does not tell what variables it has"; return 1; }
	case $zk_files in
	*"/var/lib/quorate/$1/java.env "*) echo world:anyone:r ;;
	*) echo world:anyone:rw ;;
	esac
}

# ENSEMBLE SERVICE UNIT [ACL]: gives the ensemble its name, once, and writes down the list with which it was formed.
zk_name_static() {
	zk_acl=${4:-$(zk_writers "$2" "$3")} && [ -n "$zk_acl" ] || return
	zk_formed=$(zk_running localhost "$zk_port") zk_highest=0
	[ -n "$zk_formed" ] || { quorate_fail "the server here does not tell with which servers it works"; return 1; }
	for zk_line in $zk_formed; do
		zk_id=${zk_line#server.}
		[ "${zk_id%%=*}" -le "$zk_highest" ] || zk_highest=${zk_id%%=*}
	done
	zk_name "$1" "$zk_highest $(printf '%s' "$zk_formed" | tr '\n' ' ')" "$zk_acl"
}

# LINE: splits it into zk_id, zk_host and zk_client, the port of its clients; 1: it does not vote.
zk_server() {
	zk_id=${1#server.}
	zk_id=${zk_id%%=*} zk_host=${1#*=} zk_client=$zk_port
	case $zk_host in *\;*) zk_client=${zk_host##*[;:]} zk_host=${zk_host%%;*} ;; esac
	case $zk_host in *:observer) return 1 ;; esac
	zk_host=${zk_host%%|*}
	case $zk_host in \[*) zk_host=${zk_host#\[} zk_host=${zk_host%%\]*} ;; *) zk_host=${zk_host%%:*} ;; esac
}

# HOST PORT: the list that the server there works with. Where conf is not let through, /zookeeper/config says the same, most
# of the time (`readLists`): it has a server a line, and /quorate all in one, with blanks between.
zk_running() {
	zk_told=$(zk_word "$1" "$2" conf)
	case $zk_told in
	*'not in the whitelist'*)
		zk_told=$(zk_session "$1" "$2" 2>/dev/null | tr -c '[:print:]' '\n' |
			sed -n 's/^[^ ]*\(server\.[0-9]*=[^ ]*\)$/\1/p')
		;;
	*) zk_told=$(printf '%s\n' "$zk_told" | sed -n 's/^\(server\.[0-9]*=[^ ]*\).*/\1/p') ;;
	esac
	[ -z "$zk_told" ] || printf '%s\n' "$zk_told"
}

# ID LINE…: this node's server, ID, may be restarted to work with these lines: without it the others hold a majority of
# the new list, and each of them that is in it of the list that it works with itself, as they prove right now; and the
# leader is in the new list, because nobody who has that would follow it otherwise. A list that is not told is no proof.
zk_spared() (
	own=$1
	shift
	old=$(zk_running localhost "$zk_port")
	[ -n "$old" ] || { quorate_fail "server $own does not tell with which servers it works: not yet spared"; exit; }
	up=' ' others=''
	for line in $old "$@"; do
		zk_server "$line" || continue
		case $up in *" $zk_id "*) continue ;; esac
		[ "$zk_id" != "$own" ] && [ "$(zk_serving "$zk_host" "$zk_client")" = "$zk_id" ] || continue
		up="$up$zk_id "
		case " $* " in *" server.$zk_id="*) others="$others $line"; continue ;; esac
		case $(zk_word "$zk_host" "$zk_client" srvr) in *'Mode: leader'*) quorate_fail "server $zk_id leads and is no member any more: not yet spared"; exit ;; esac
	done
	for line in $others; do
		zk_server "$line"
		list=$(zk_running "$zk_host" "$zk_client")
		[ -n "$list" ] || { quorate_fail "server $zk_id does not tell with which servers it works: not yet spared"; exit; }
		zk_majority "$up" $list || { quorate_fail "server $own is not yet spared: without it serve$up"; exit; }
	done
	zk_majority "$up" "$@" || quorate_fail "server $own is not yet spared: without it serve$up"
)

# ID LINE…: this node's server, ID, leads, and the others elect another when it restarts: each must count the same servers as
# the others then, or they may vote for one whom not all of them know, and nobody leads.
zk_alike() (
	own=$1
	shift
	for line; do
		zk_server "$line" || continue
		[ "$zk_id" != "$own" ] && [ "$(zk_serving "$zk_host" "$zk_client")" = "$zk_id" ] || continue
		other=$zk_id
		[ "$(zk_ids $(zk_running "$zk_host" "$zk_client"))" = "$(zk_ids "$@")" ] ||
			{ quorate_fail "server $own leads, and server $other counts other servers: not yet spared"; exit; }
	done
)

# LINE…: the ids of those that vote.
zk_ids() (
	for line; do zk_server "$line" && echo "$zk_id"; done | sort
)

# IDS LINE…: these are more than half of the voters in a list.
zk_majority() (
	up=$1 all=0 have=0
	shift
	for line; do
		zk_server "$line" || continue
		all=$((all + 1))
		case $up in *" $zk_id "*) have=$((have + 1)) ;; esac
	done
	[ "$((2 * have))" -gt "$all" ]
)

# SERVICE UNIT ID SERVERS: lets the server work with what its zoo.cfg says now. One that says that it serves nobody, or that
# does not listen, is not missed; one that answers late, or may not tell, may serve. One that was stopped meanwhile, maybe by
# a person, stays so.
zk_reload() {
	case $(timeout 10 systemctl show -p ActiveState --value -- "$2") in
	inactive | failed) quorate_fail "$2 was stopped meanwhile"; return ;;
	esac
	case $(zk_word localhost "$zk_port" srvr 2>&1) in
	*'not currently serving'*) ;;
	*'Connection refused'*)
		# Behind another address than localhost it may serve.
		! zk_listening "$zk_port" || { zk_spared "$3" $4 && zk_alike "$3" $4; } || return
		;;
	*'Mode: follower'* | *'Mode: observer'*) zk_spared "$3" $4 || return ;;
	*) zk_spared "$3" $4 && zk_alike "$3" $4 || return ;;
	esac
	zk_restart "$1" "$2"
}

# SERVICE UNIT: the server starts anew, unless it serves by now.
zk_anew() {
	case $(zk_word localhost "$zk_port" srvr 2>/dev/null) in *'Mode: '*) return ;; esac
	zk_restart "$1" "$2"
}

# UNIT: another server leads after this; the one here is to go, and nobody with a list without it would follow it. It has
# to be away for as long as the others need, or they might elect it again; and they have to hold a majority without it.
zk_yield() (
	case $(zk_word localhost "$zk_port" srvr) in *'Mode: leader'*) ;; *) exit 0 ;; esac
	others=$(zk_running localhost "$zk_port")
	own=$(zk_serving localhost "$zk_port") || { quorate_fail "the server here opens no session: not yet spared"; exit; }
	zk_spared "$own" $others || exit
	timeout 60 systemctl stop -- "$1" || exit
	tries=0 led=''
	until [ -n "$led" ] || [ "$tries" -ge 60 ]; do
		tries=$((tries + 1))
		sleep 0.25
		for line in $others; do
			zk_server "$line" || continue
			case $(zk_word "$zk_host" "$zk_client" srvr 2>/dev/null) in *'Mode: leader'*) led=$zk_id ;; esac
		done
	done
	timeout 60 systemctl start -- "$1" || exit
	[ -n "$led" ] || quorate_fail "no other server came to lead"
)
