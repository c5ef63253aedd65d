# Functions that the node check and the steps of a playbook call on a node; sent along where they are called, so that
# nothing has to be installed. Each may be called twice. One that cannot do its work says why in one line on standard
# error and returns something else than 0. shell.ts says what each of them is for.

quorate_fail() {
	printf '%s\n' "$*" >&2
	return 1
}

# Files and folders onto the disk; a `sync` without arguments where coreutils is older than 8.24.
quorate_sync() {
	sync -- "$@" 2>/dev/null || sync
}

# PATH MODE: standard input becomes PATH, whole or not at all.
quorate_replace() (
	umask 077
	new=$1.quorate-new
	why=$({
		cat >"$new" && chmod -- "$2" "$new" && quorate_sync "$new" && mv -f -- "$new" "$1" && quorate_sync "${1%/*}/"
	} 2>&1) && exit 0
	rm -f -- "$new"
	quorate_fail "cannot write $1: ${why##*: }"
)

# PATH MODE
quorate_write() (
	umask 077
	path=$(readlink -m -- "$1") || exit 1
	[ -e "$path" ] || { quorate_replace "$path" "$2"; exit; }
	new=$path.quorate-new former=$path.quorate-$(date -u +%Y%m%dT%H%M%SZ)
	why=$({ cat >"$new"; } 2>&1) || { rm -f -- "$new"; quorate_fail "cannot write $path: ${why##*: }"; exit; }
	if [ "$(sha256sum <"$new")" = "$(sha256sum <"$path")" ]; then rm -f -- "$new"; exit 0; fi
	why=$({
		chown --reference="$path" -- "$new" && chmod --reference="$path" -- "$new" && quorate_sync "$new" &&
			{ ln -- "$path" "$former" 2>/dev/null || [ -e "$former" ] || cp -p -- "$path" "$former"; } &&
			mv -f -- "$new" "$path" && quorate_sync "${path%/*}/"
	} 2>&1) && exit 0
	rm -f -- "$new"
	quorate_fail "cannot write $path: ${why##*: }"
)

# FILE KEY=VALUE…
quorate_set_keys() (
	file=$1 nl='
' done=' ' out='' changed='' goes_on='' unended=''
	shift
	if [ -e "$file" ]; then
		exec <"$file" || exit
		[ "$(tr -dc '\000' <"$file" | wc -c)" -eq 0 ] || { quorate_fail "$file holds NUL bytes"; exit; }
		while :; do
			IFS= read -r line || { [ -n "$line" ] || break; unended=yes; }
			key='' bare=${line#"${line%%[! 	]*}"}
			# A line that the one before continues belongs to that one's value.
			[ -n "$goes_on" ] || for pair; do
				case $bare in "${pair%%=*}="*) key=${pair%%=*} want=${pair#*=} ;; esac
			done
			case $line in *\\) goes_on=yes ;; *) goes_on='' ;; esac
			if [ -n "$key" ]; then
				[ -z "$goes_on" ] || { quorate_fail "$file: the value of $key goes on in the next line"; exit; }
				done="$done$key "
				if ! quorate_is_value "${bare#*=}" "$want"; then
					value=$(quorate_value "$want") || exit
					line=$key=$value changed=yes
				fi
			fi
			[ -n "$unended" ] && out=$out$line || out=$out$line$nl
		done
	fi
	for pair; do
		case $done in *" ${pair%%=*} "*) continue ;; esac
		value=$(quorate_value "${pair#*=}") || exit
		[ -z "$unended" ] || out=$out$nl unended=''
		out=$out${pair%%=*}=$value$nl done="$done${pair%%=*} " changed=yes
	done
	[ -z "$changed" ] || printf '%s' "$out" | quorate_write "$file" 644
)

# WRITTEN WANTED: systemd reads what is written in an environment file as this value.
quorate_is_value() {
	quorate_now=${1#"${1%%[! 	]*}"} quorate_now=${quorate_now%"${quorate_now##*[! 	]}"}
	case $quorate_now in
	*\\*) return 1 ;;
	\"*\" | \'*\') quorate_now=${quorate_now#?} quorate_now=${quorate_now%?} ;;
	esac
	case $quorate_now in *[\"\']*) return 1 ;; esac
	[ "$quorate_now" = "$2" ]
}

# VALUE, as it is written in an environment file.
quorate_value() {
	case $1 in
	*'
'*) quorate_fail "a value must not hold a line break" ;;
	*[!A-Za-z0-9_./:=,@%+*-]*) printf '"%s"\n' "$(printf '%s\n' "$1" | sed 's/["\\$`]/\\&/g')" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# SERVICE KEY LINE…
quorate_mark() (
	umask 022
	dir=/var/lib/quorate/$1 key=$2
	shift 2
	mkdir -p -- "$dir" && quorate_sync "${dir%/*/*}" "${dir%/*}" || { quorate_fail "cannot make $dir"; exit; }
	for line in quorate=1 "$@"; do printf '%s\n' "$line"; done | quorate_replace "$dir/$key" 644
)

# SERVICE KEY DIR LINE…
quorate_mark_place() {
	quorate_place "$3" || return
	quorate_as=$1 quorate_key=$2
	shift 3
	quorate_mark "$quorate_as" "$quorate_key" "dataPath=$quorate_path" "fsId=$quorate_fs" "$@"
}

# SERVICE KEY…
quorate_unmark() (
	cd "/var/lib/quorate/$1" 2>/dev/null || exit 0
	shift
	rm -f -- "$@" && quorate_sync .
)

# SERVICE CLUSTER UNIT PROCESS DIR: the latch goes last, so that what was broken off can be done again.
quorate_forget() (
	[ -e "/var/lib/quorate/$1/latch" ] || exit 0
	grep -qxF "clusterId=$2" "/var/lib/quorate/$1/latch" || { quorate_fail "the latch is not of cluster $2"; exit; }
	quorate_stopped "$3" "$4" "$5" || exit
	quorate_unmark "$1" started intent && quorate_unmark "$1" latch
)

# DIR: sets quorate_path (links resolved) and quorate_near (the nearest that exists).
quorate_near() {
	quorate_path=$(readlink -m -- "$1") || return
	quorate_near=$quorate_path
	until [ -e "$quorate_near" ]; do
		quorate_near=${quorate_near%/*}
		quorate_near=${quorate_near:-/}
	done
}

# DIR: sets the same, and quorate_fs, the file system's id.
quorate_place() {
	quorate_near "$1" && quorate_fs=$(stat -f -c %i -- "$quorate_near")
}

# COMM: live processes of this name: PID, where it runs (host, user, container), its unit or "-".
quorate_processes() (
	for p in /proc/[0-9]*; do
		read -r name <"$p/comm" && [ "$name" = "$1" ] && read -r stat <"$p/stat" || continue
		case ${stat##*) } in Z* | X*) continue ;; esac
		where=host unit=
		[ "$p/root" -ef / ] || where=container
		while read -r line; do
			path=${line#*:*:}
			case $path/ in
			*/kubepods* | */docker/* | */docker-* | *libpod-* | *cri-containerd* | *crio-* | */lxc*) where=container ;;
			*/user@*) where=user ;;
			esac
			case $path in *.service*) unit=$(printf '%s\n' "$path" | tr / '\n' | sed -n '/\.service$/h;${g;p}') ;; esac
		done <"$p/cgroup"
		printf '%s %s %s\n' "${p#/proc/}" "$where" "${unit:--}"
	done 2>/dev/null
)

# PROCESS UNIT DIR [CGROUP]: a process is the service's if its unit runs it, or if it works on the data directory: one
# started by hand, or in a container. Containers have units and paths of the same names, which are not ours.
quorate_pids() (
	real=$(readlink -m -- "$3") nl='
' unsure=''
	for p in /proc/[0-9]*; do
		read -r name <"$p/comm" && [ "$name" = "$1" ] && read -r stat <"$p/stat" || continue
		case ${stat##*) } in Z* | X*) continue ;; esac
		[ $# -gt 3 ] || set -- "$1" "$2" "$3" "$(timeout 10 systemctl show -p ControlGroup --value -- "$2")"
		own=''
		while read -r line; do
			case ${line#*:*:}/ in "${4:-none}"/*) own=yes ;; esac
		done <"$p/cgroup"
		[ -n "$own" ] || {
			says=$nl$(tr '\000' '\n' <"$p/cmdline"; tr '\000' '\n' <"$p/environ"; readlink -- "$p/cwd" "$p"/fd/*)$nl
			case $says in
			*["= $nl"]"$3"["/$nl"]* | *["= $nl"]"$real"["/$nl"]*)
				[ "$p/root" -ef / ] || [ "$p/root$real" -ef "$real" ] && own=yes
				;;
			"$nl$nl") [ ! -e "$p" ] || unsure=yes ;;
			esac
			[ "$p/root" -ef / ] || for bound in $(cut -d ' ' -f 4 "$p/mountinfo"); do
				case $bound in /) continue ;; esac
				case $real/ in "$bound"/*) own=yes ;; esac
			done
		}
		[ -z "$own" ] || printf '%s\n' "${p#/proc/}"
	done 2>/dev/null
	[ -z "$unsure" ] || exit 3
)

# UNIT PROCESS DIR: nothing of the service runs.
quorate_stopped() {
	case $(timeout 10 systemctl is-active -- "$1" 2>/dev/null) in
	inactive | failed | unknown) ;;
	*) quorate_fail "$1 is not stopped"; return ;;
	esac
	quorate_left=$(quorate_pids "$2" "$1" "$3") || { quorate_fail "cannot tell whether a process of $1 is left"; return; }
	[ -z "$quorate_left" ] || quorate_fail "process" $quorate_left "of $1 is left"
}

# DIR WHOSE IDFN UNIT PROCESS
quorate_set_aside() (
	dir=$(readlink -m -- "$1") || exit 1
	ids=$("$3" "$dir")
	case $? in
	0) ;;
	1)
		# A crash may have come between the two renames.
		[ -e "$dir" ] || [ ! -d "$dir.quorate-new" ] || mv -T -- "$dir.quorate-new" "$dir"
		exit
		;;
	*) exit 1 ;;
	esac
	id=${ids#* } id=${id%% *}
	[ -n "$id" ] || { quorate_fail "$3 does not say whose data $dir holds"; exit; }
	case "$2 $ids" in
	"$id $ids" | "pristine "*" pristine"*) ;;
	*) quorate_fail "$dir holds the data of member $id, not of $2"; exit ;;
	esac
	quorate_stopped "$4" "$5" "$dir" || exit
	aside=quorate-$(date -u +%Y%m%dT%H%M%SZ)-${ids%% *}-$id
	if mountpoint -q -- "$dir"; then
		# A mount point cannot be renamed: what it holds moves into a folder inside.
		mkdir -m 700 -- "$dir/.$aside" || exit
		for entry in "$dir"/*; do
			case ${entry##*/} in lost+found) ;; *) mv -- "$entry" "$dir/.$aside/" || exit ;; esac
		done
		quorate_sync "$dir"
		exit
	fi
	[ -d "$dir.quorate-new" ] || mkdir -m 700 -- "$dir.quorate-new" || exit
	chown --reference="$dir" -- "$dir.quorate-new" && chmod --reference="$dir" -- "$dir.quorate-new" &&
		mv -T -- "$dir" "$dir.$aside" && mv -T -- "$dir.quorate-new" "$dir" && quorate_sync "${dir%/*}/"
)

# VERB UNIT: enable or disable, on disk only. Those of a SysV script are nothing to systemd where there is a unit, and
# cost Debian half a second.
quorate_boot() {
	SYSTEMCTL_SKIP_SYSV=1 timeout 30 systemctl "$1" -q --no-reload -- "$2" 2>/dev/null ||
		timeout 30 systemctl "$1" -q --no-reload -- "$2"
}

# UNIT STATE: systemd knows what the files say. Of a unit that is not loaded it remembers nothing that could be old, and
# reading all files again takes it an eighth of a second.
quorate_knows() {
	case $(timeout 10 systemctl show -p UnitFileState --value -- "$1" 2>/dev/null) in
	"$2") ;;
	*) timeout 30 systemctl daemon-reload || quorate_fail "systemctl daemon-reload failed" ;;
	esac
}

# UNIT
quorate_enable() {
	[ "$(timeout 10 systemctl is-enabled -- "$1" 2>/dev/null)" = enabled ] || quorate_boot enable "$1" || return
	quorate_knows "$1" enabled
}

# UNIT
quorate_disable() {
	case $(timeout 10 systemctl is-enabled -- "$1" 2>/dev/null) in
	enabled*) quorate_boot disable "$1" && quorate_knows "$1" disabled ;;
	esac
}

# UNIT
quorate_start() {
	timeout 10 systemctl reset-failed -- "$1" 2>/dev/null
	quorate_enable "$1" || return
	timeout 45 systemctl start -- "$1" && return
	timeout 10 journalctl -q -n 8 --no-pager -o cat -u "$1"
	timeout 30 systemctl stop -- "$1"
	return 1
}

# PATH: what was set aside of this data directory (its links resolved), one path a line.
quorate_asides() {
	for quorate_aside in "$1".quorate-*-*-* "$1"/.quorate-*-*-*; do
		[ ! -d "$quorate_aside" ] || [ -L "$quorate_aside" ] || printf '%s\n' "$quorate_aside"
	done
}

# DIR PROCESS PATH…
quorate_prune() (
	dir=$(readlink -m -- "$1") process=$2
	shift 2
	for path; do
		name=${path#"$dir"} cluster=${path%-*} cluster=${cluster##*-}
		case ${name#/} in
		*/*) quorate_fail "$path was not set aside of $dir"; exit ;;
		.quorate-*-*-*) ;;
		*) quorate_fail "$path was not set aside of $dir"; exit ;;
		esac
		[ -d "$path" ] && [ ! -L "$path" ] || continue
		newer=''
		for other in "$dir".quorate-*-"$cluster"-* "$dir"/.quorate-*-"$cluster"-*; do
			[ -d "$other" ] && [ "$(quorate_aside_time "$other")" -gt "$(quorate_aside_time "$path")" ] && newer=yes
		done
		[ -n "$newer" ] || { quorate_fail "$path is the newest data of cluster $cluster here"; exit; }
		pids=$(quorate_pids "$process" - "$path" none) || { quorate_fail "cannot tell who uses $path"; exit; }
		[ -z "$pids" ] || { quorate_fail "process" $pids "uses $path"; exit; }
		why=$(rm -rf --one-file-system -- "$path" 2>&1) || { quorate_fail "cannot delete $path: ${why##*: }"; exit; }
	done
)

# PATH: when it was set aside, as a number.
quorate_aside_time() {
	quorate_when=${1##*.quorate-}
	quorate_when=${quorate_when%%Z-*}
	printf '%s\n' "${quorate_when%T*}${quorate_when#*T}"
}

# UNIT SERVICE PROCESS DIR LINE…
quorate_fence() (
	unit=$1 service=$2 process=$3 dir=$4 drop=/etc/systemd/system/$1.d/quorate-fence.conf
	shift 4
	# An assertion that fails holds against a reboot, a person's start and a dependency, wherever the unit file lies;
	# `mask` cannot be used where it lies in /etc/systemd/system.
	mkdir -p -- "${drop%/*}" || exit
	printf '%s\n' "# Quorate fenced this unit: its data must not be served. Quorate takes this file away again." \
		'[Unit]' 'AssertPathExists=!/' | quorate_replace "$drop" 644 || exit
	timeout 30 systemctl daemon-reload || { quorate_fail "systemctl daemon-reload failed"; exit; }
	quorate_mark "$service" fenced "unit=$unit" "$@" || exit
	quorate_boot disable "$unit" >/dev/null 2>&1
	timeout 30 systemctl stop -- "$unit" >/dev/null 2>&1 || timeout 10 systemctl kill -s KILL -- "$unit" 2>/dev/null
	tries=0
	until why=$(quorate_stopped "$unit" "$process" "$dir" 2>&1); do
		tries=$((tries + 1))
		[ "$tries" -le 50 ] || { quorate_fail "$why"; exit; }
		[ "$tries" -ne 25 ] || timeout 10 systemctl kill -s KILL -- "$unit" 2>/dev/null
		sleep 0.2
	done
	timeout 10 systemctl reset-failed -- "$unit" 2>/dev/null
	exit 0
)

# UNIT SERVICE
quorate_unfence() (
	drop=/etc/systemd/system/$1.d/quorate-fence.conf
	if [ -e "$drop" ]; then
		rm -f -- "$drop" && quorate_sync "${drop%/*}" || exit
		rmdir -- "${drop%/*}" 2>/dev/null
	fi
	# Also where a former try was cut off before systemd read its files again.
	case $(timeout 10 systemctl show -p DropInPaths --value -- "$1" 2>/dev/null || echo "$drop") in
	*quorate-fence.conf*) timeout 30 systemctl daemon-reload || { quorate_fail "systemctl daemon-reload failed"; exit; } ;;
	esac
	quorate_unmark "$2" fenced
)

# SERVICE UNIT DIR
quorate_stage() {
	systemctl cat "$2" >/dev/null 2>&1 || { quorate_fail "there is no unit $2 here"; return 1; }
	quorate_unfence "$2" "$1" && quorate_data_dir "$2" "$3"
}

# UNIT DIR
quorate_data_dir() {
	[ -d "$2" ] && return 0
	user=$(systemctl show -p User --value "$1")
	[ -n "$user" ] || user=root
	group=$(id -gn "$user") || return 1
	mkdir -p "$(dirname -- "$2")" && install -d -m 700 -o "$user" -g "$group" "$2"
}

# DIR: sets quorate_next.
quorate_next() {
	quorate_next=$(readlink -m -- "$1") || return
	# Of a mount point the place beside it is another disk.
	if mountpoint -q -- "$quorate_next"; then
		quorate_next=$quorate_next/.quorate-next
	else
		quorate_next=$quorate_next.quorate-next
	fi
}

# SERVICE UNIT PROCESS DIR IDFN WHOSE NODE [FORMER]: between any two of its moves nothing contradicts itself, and the same
# again goes on: the latch is of the new cluster and says that the former is given up, then that one's data goes aside,
# then the new data comes in its place, by one rename.
quorate_succeed() (
	service=$1 unit=$2 process=$3 dir=$(readlink -m -- "$4") idfn=$5 whose=$6 node=$7 former=${8:+former=$8}
	quorate_next "$dir" && quorate_stopped "$unit" "$process" "$dir" || exit
	ids=$("$idfn" "$quorate_next" 2>/dev/null) || {
		ids=$("$idfn" "$dir") && grep -qsxF "clusterId=${ids%% *}" "/var/lib/quorate/$service/latch" && {
			[ ! -d "$quorate_next" ] || rmdir -- "$quorate_next"
			exit
		}
		quorate_fail "no data is ready in $quorate_next"
		exit
	}
	cluster=${ids%% *} member=${ids#* } member=${member%% *}
	quorate_mark_place "$service" latch "$dir" "clusterId=$cluster" "memberId=$member" "voters=$node" ${former:+"$former"} &&
		quorate_unmark "$service" started intent && quorate_set_aside "$dir" "$whose" "$idfn" "$unit" "$process" || exit
	for entry in "$quorate_next"/*; do mv -- "$entry" "$dir/" || exit; done
	quorate_sync "$dir" && rmdir -- "$quorate_next"
)

# FILE OFFSET: standard input, in base64, becomes that part of the file.
quorate_part() (
	umask 077
	base64 -d | dd of="$1" oflag=seek_bytes seek="$2" conv=notrunc iflag=fullblock bs=64k status=none
)

# SERVICE UNIT DIR IDFN PROCESS
quorate_start_new() {
	marks=/var/lib/quorate/$1
	[ -e "$marks/intent" ] || { quorate_fail "the intent of the bootstrap is gone"; return 1; }
	[ ! -e "$marks/started" ] || { quorate_fail "$5 was started here before"; return 1; }
	[ ! -e "$marks/latch" ] || { quorate_fail "a latch lies here: the service was formed before"; return 1; }
	"$4" "$3" >/dev/null 2>&1
	[ $? -eq 1 ] || { quorate_fail "$3 holds data"; return 1; }
	pids=$(quorate_pids "$5" "$2" "$3") || return 1
	[ -z "$pids" ] || { quorate_fail "$5 runs already (pid $pids)"; return 1; }
	quorate_mark_place "$1" started "$3" || return 1
	systemctl reset-failed "$2" 2>/dev/null
	systemctl start --no-block "$2"
}

# SERVICE DIR MEMBER IDFN LINE…: the place is read before whose data lies there, so that a disk that goes away in between
# is not latched as the empty folder below it.
quorate_latch() {
	quorate_place "$2" && quorate_holds "$2" "$3" "$4" || return
	quorate_as=$1
	shift 4
	quorate_mark "$quorate_as" latch "dataPath=$quorate_path" "fsId=$quorate_fs" "$@"
}

# DIR MEMBER IDFN: a latch may say that this member's data lies here. A disk that is not mounted would be latched as the
# empty folder below it, and from then on that would prove the data lost.
quorate_holds() {
	ids=$("$3" "$1")
	case $?/$ids/ in
	1/*) quorate_fail "there is no data in $1: is a disk not mounted?" ;;
	0/*\ blank/) quorate_fail "the log in $1 holds nothing: is a disk not mounted?" ;;
	0/*\ "$2"[/\ ]* | 2/*) ;;
	*) quorate_fail "$1 holds the data of member ${ids#* }, not of $2" ;;
	esac
}
