/**
 * The layer between the machine's own file system and a host's disk: it hides what makes the machine this machine, and
 * adds what makes a host reachable. Hosts need no image of their own that way.
 *
 * @module
 */
import { type Later, laterLayer } from "./later.ts";
import type { Place } from "./place.ts";
import { sh } from "./process.ts";

const SSHD = `HostKey /etc/ssh/ssh_host_ed25519_key
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
MaxStartups 1000
MaxSessions 1000
Subsystem sftp /usr/lib/openssh/sftp-server
`;

/** What only costs time at boot, or asks for what a container has not. */
const MASKED = [
  "apt-daily.timer",
  "apt-daily-upgrade.timer",
  "console-getty.service",
  "dev-hugepages.mount",
  "dev-mqueue.mount",
  "e2scrub_all.timer",
  "getty.target",
  "man-db.timer",
  "sys-fs-fuse-connections.mount",
  "systemd-binfmt.service",
  "systemd-logind.service",
  "systemd-modules-load.service",
  "systemd-networkd.socket",
  "systemd-pcrphase.service",
  "systemd-pcrphase-sysinit.service",
  "systemd-pstore.service",
  "systemd-random-seed.service",
  "systemd-repart.service",
  "systemd-sysctl.service",
  "systemd-timesyncd.service",
  "systemd-update-utmp.service",
  "systemd-update-utmp-runlevel.service",
].join(" ");

/**
 * A whiteout made before the overlay is mounted, and a folder made over it afterwards, is an opaque folder: no need to
 * set `trusted.overlay.opaque`, for which neither Deno nor a bare Debian has a tool.
 */
const BUILD = `
  base=$1/base merged=$1/merged public=$2 sshd=$3
  mkdir -p $base/etc/ssh $base/usr $base/var/lib $merged $1/work
  hide() { if [ -e /$1 ] || [ -L /$1 ]; then mkdir -p $base/$(dirname $1); mknod $base/$1 c 0 0; fi; }
  for top in $(ls -A /); do
    case " bin boot dev etc lib lib32 lib64 libx32 proc sbin sys usr var " in *" $top "*) ;; *) hide $top ;; esac
  done
  for path in etc/systemd/system etc/systemd/network etc/ssh/sshd_config.d etc/cron.d etc/sudoers.d etc/rc{S,0,1,2,3,4,5,6}.d \
      usr/local var/backups var/cache var/log var/mail var/spool var/tmp etc/quorate etc/systemd/system.conf.d; do
    hide $path
  done
  services=$(cd /var/lib; ls -A | grep -vx dpkg)
  for service in $services; do hide var/lib/$service; done
  cd /etc/ssh; for key in ssh_host_*; do hide etc/ssh/$key; done
  mount -t overlay -o lowerdir=/,upperdir=$base,workdir=$1/work quorate-lab-base $merged

  cd $merged
  mkdir -p home media mnt opt run srv usr/local/{bin,sbin,lib,share} var/{backups,cache,mail,spool,tmp} var/log/journal
  mkdir -p etc/systemd/{system,network,system.conf.d,journald.conf.d} etc/ssh/sshd_config.d etc/cron.d etc/rc{S,0,1,2,3,4,5,6}.d
  mkdir -m 1777 tmp; chmod 1777 var/tmp
  mkdir -m 750 etc/sudoers.d
  # A service's data folder is there, and empty; what else lies there is this machine's.
  for service in $services; do
    if [ $(stat -c %u /var/lib/$service) != 0 ]; then
      install -d $(stat -c '-o %u -g %g -m %a' /var/lib/$service) var/lib/$service
    fi
  done
  : >etc/fstab; : >etc/resolv.conf; : >etc/machine-id; : >etc/motd
  printf '%s' "$sshd" >etc/ssh/sshd_config
  printf '[Journal]\\nStorage=persistent\\nSystemMaxUse=64M\\nRateLimitBurst=0\\n' >etc/systemd/journald.conf.d/lab.conf

  cd etc/systemd/system
  mkdir multi-user.target.wants
  ln -s /lib/systemd/system/multi-user.target default.target
  ln -s /lib/systemd/system/ssh.service multi-user.target.wants/ssh.service
  ln -s /lib/systemd/system/ssh.service sshd.service
  for unit in ${MASKED}; do ln -s /dev/null $unit; done
  cd $merged

  # "!" is a locked account, which sshd refuses; "*" is one without a password.
  sed -i 's/^root:[^:]*:/root:*:/' etc/shadow
  echo 'ops ALL=(ALL) NOPASSWD: ALL' >etc/sudoers.d/ops; chmod 440 etc/sudoers.d/ops
  id=7001
  for user in ops nosudo; do
    echo "$user:x:$id:$id::/home/$user:/bin/bash" >>etc/passwd
    echo "$user:x:$id:" >>etc/group
    echo "$user:*:19000:0:99999:7:::" >>etc/shadow
    install -d -o $id -g $id -m 700 home/$user home/$user/.ssh
    install -o $id -g $id -m 600 $public home/$user/.ssh/authorized_keys
    id=$((id + 1))
  done
  install -d -m 700 root root/.ssh
  install -m 600 $public root/.ssh/authorized_keys
  cp /etc/skel/.bashrc /etc/skel/.profile root/`;

/** Makes the layer in the lab's folder; `publicKey` is the file of the client's. */
export const buildBase = (place: Place, publicKey: string): Promise<string> =>
  sh('exec unshare -m --propagation private bash -euo pipefail -c "$@"', [
    BUILD,
    "base",
    place.root,
    publicKey,
    SSHD,
  ]);

/** The overlay's lower layers, the uppermost first. */
export const layers = (place: Place, later: readonly Later[]): string =>
  [...later.map((what) => laterLayer(place, what)), `${place.root}/base`, "/"].join(":");
