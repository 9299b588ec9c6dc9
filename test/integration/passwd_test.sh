#!/usr/bin/env bash
# `midge passwd` as a person and a script use it. Usage: passwd_test.sh PATH_OF_MIDGE
# Also starts Debian's mosquitto on a loopback port to see that it lets in whom we wrote down.
set -u

midge=$(realpath "$1")
folder=$(mktemp -d)
broker=
failures=0
cd "$folder" || exit 1

end() {
  [ -n "$broker" ] && kill "$broker" 2>/dev/null && wait "$broker" 2>/dev/null
  rm -rf "$folder"
}
trap end EXIT

# check SENTENCE COMMAND...: the command must succeed.
check() {
  local sentence=$1
  shift
  if "$@"; then
    echo "ok - $sentence"
  else
    echo "not ok - $sentence"
    sed 's/^/#   /' out err
    failures=$((failures + 1))
  fi
}

# passwd ARGUMENT...: what it printed is in the files out and err, its exit status in $status.
passwd() {
  "$midge" passwd "$@" >out 2>err
  status=$?
}
ended() { [ "$status" -eq "$1" ]; }
said() { grep -qF -- "$1" out; }
complained() { grep -qF -- "$1" err; }
has() { grep -q -- "$2" "$1"; }
lacks() { ! grep -q -- "$2" "$1"; }
mode_is() { [ "$(stat -c %a "$1")" = "$2" ]; }
one_line() { [ "$(wc -l <"$1")" -eq 1 ]; }
only_files() { [ "$(ls -A | grep -vxE 'out|err|before')" = "$1" ]; }

making_a_file() {
  passwd -c -b users alice secret
  check "-c -b makes a file" ended 0
  check "and says whom it added" said "Adding password for user alice"
  check "with an argon2id hash" has users '^alice:\$argon2id\$v=19\$m=47104,t=1,p=1\$'
  check "that only its owner can read" mode_is users 600
  passwd -c -b users bob secret
  check "-c overwrites a file that is there" lacks users alice
  chmod 640 users
  passwd -b users alice secret
  check "-b adds to it" has users '^alice:'
  check "and keeps its mode" mode_is users 640
  cp users before
  passwd -b users alice other
  check "a second time it updates" said "Updating password for user alice"
  check "and leaves the others' lines" has users "^$(grep bob before | sed 's/[$*.]/\\&/g')$"
  check "but not the old hash" lacks users "^$(grep alice before | sed 's/[$*.]/\\&/g')$"
  check "nothing stays beside the file" only_files users
  rm -f users before
}

hash_kinds() {
  passwd -H sha512-pbkdf2 -c -b users a secret
  check "-H sha512-pbkdf2 has 1000 iterations" has users '^a:\$7\$1000\$'
  passwd -H sha512-pbkdf2 -I 77 -b users b secret
  check "unless -I says another number" has users '^b:\$7\$77\$'
  passwd -I 78 -b users c secret
  check "-I without -H means sha512-pbkdf2" has users '^c:\$7\$78\$'
  passwd -H sha512 -b users d secret
  check "-H sha512 writes \$6\$" has users '^d:\$6\$'
  passwd -H argon2id -I 5 -b users e secret
  check "-I with another hash is a warning" complained "Warning: -I only counts"
  passwd -H md5 -b users f secret
  check "an unknown hash is an error" complained "Error: Unknown hash type 'md5'"
  passwd -I 0 -b users f secret
  check "no iterations are an error" complained "Error: Number of iterations must be > 0."
  check "with status 1" ended 1
  rm -f users
}

standard_output() {
  passwd -c -b - alice secret
  check "-c - writes the line to standard output, and nothing else" one_line out
  check "as it would stand in the file" has out '^alice:\$argon2id\$'
  check "and makes no file" [ ! -e - ]
}

removing() {
  passwd -c -b users alice secret
  passwd -b users bob secret
  passwd -D users alice
  check "-D removes the user" lacks users alice
  check "and nobody else" has users '^bob:'
  passwd -D users alice
  check "-D of somebody unknown warns" complained "Warning: User alice not found in password file."
  check "and exits with 1" ended 1
  rm -f users
}

plain_text() {
  printf '# people\nalice:secret\n\nbob:pass:word\n' >users
  passwd -U users
  check "-U hashes plain passwords" has users '^alice:\$argon2id\$'
  check "also those with a colon" has users '^bob:\$argon2id\$'
  check "and keeps comments" has users '^# people$'
  cp users before
  passwd -U users
  check "-U again changes nothing" cmp -s users before
  printf 'alice:secret\nnonsense\n' >users
  cp users before
  passwd -U users
  check "a line that is no entry stops it" complained "Error: Corrupt password file at line 2."
  check "and leaves the file alone" cmp -s users before
  rm -f users before
}

odd_files() {
  passwd -b missing alice secret
  check "a missing file is an error" complained "Error: Unable to open password file missing."
  check "with status 1" ended 1
  passwd -c -b no/folder alice secret
  check "so is a missing folder" ended 1
  mkdir real
  passwd -c -b real/users alice secret
  ln -s real/users users
  passwd -b users bob secret
  check "a symbolic link stays one" [ -L users ]
  check "and what it names is edited" has real/users '^bob:'
  rm -rf users real
}

command_lines() {
  passwd
  check "no arguments show the usage" said "Usage:"
  check "with status 1" ended 1
  passwd --help
  check "--help shows it" said "Usage:"
  check "with status 0" ended 0
  passwd -c -D users alice
  check "-c and -D exclude each other" complained "Error: -c and -D cannot be used together."
  passwd -c -U users
  check "-c and -U too" complained "Error: -c and -U cannot be used together."
  passwd -D -U users
  check "-D and -U too" complained "Error: -D and -U cannot be used together."
  passwd -b -D users alice
  check "-b and -D too" complained "Error: -b and -D cannot be used together."
  passwd -c -b users alice
  check "-c without all it needs says so" complained "Error: -c argument given but"
  passwd -c -b users a:b secret
  check "a colon in a name is refused" complained "must not contain the ':' character."
  passwd -c -b users $'a\tb' secret
  check "so are control characters" complained "must not contain control characters."
  passwd -x users
  check "an unknown option is named" complained "Error: Unknown option '-x'"
  check "none of these made a file" [ ! -e users ]
}

asking() {
  printf 'secret\nsecret\n' | "$midge" passwd -c users alice >out 2>err
  status=$?
  check "two equal lines from a pipe are the password" has users '^alice:'
  check "and status 0" ended 0
  printf 'secret\nSecret\n' | "$midge" passwd users bob >out 2>err
  status=$?
  check "two that differ are refused" complained "Error: Passwords do not match."
  check "with status 2" ended 2
  printf '\n' | "$midge" passwd users bob >out 2>err
  status=$?
  check "an empty one too" complained "Error: Empty password."
  check "with status 1" ended 1
  check "and nobody was added" lacks users bob
  printf 'secret\nsecret\n' | "$midge" passwd -c - bob >out 2>err
  check "-c - asks on standard error" one_line out
  rm -f users
}

# A terminal: nothing typed may show, and Ctrl-C may not leave the terminal mute.
terminal() {
  python3 - "$midge" >out 2>err <<'PYTHON'
import os, pty, sys, termios

def start():
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.argv[1], [sys.argv[1], "passwd", "-c", "users", "alice"])
    return pid, terminal, b""

def read_until(terminal, seen, word):
    while word not in seen:
        seen += os.read(terminal, 1000)
    return seen

pid, terminal, seen = start()
for prompt in (b"Password: ", b"Reenter password: "):
    seen = read_until(terminal, seen, prompt)
    os.write(terminal, b"secret\n")
read_until(terminal, seen, b"user alice")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, "exit status"
assert b"secret" not in seen, "the password was shown"

pid, terminal, seen = start()
read_until(terminal, seen, b"Password: ")
assert not termios.tcgetattr(terminal)[3] & termios.ECHO, "echo is on while typing"
os.write(terminal, b"\x03")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -2, "not ended by SIGINT"
assert termios.tcgetattr(terminal)[3] & termios.ECHO, "echo stayed off"
PYTHON
  status=$?
  check "a terminal shows no password, and has its echo back after Ctrl-C" ended 0
  check "the password typed there counts" has users '^alice:'
  rm -f users
}

# Ten programs add a user each to the same file.
at_once() {
  passwd -c -b users first secret
  local adders=() number
  for number in 1 2 3 4 5 6 7 8 9 10; do
    "$midge" passwd -H sha512 -b users "user$number" secret >/dev/null &
    adders+=($!)
  done
  wait "${adders[@]}"
  check "ten at once lose no user" [ "$(grep -c : users)" -eq 11 ]
  rm -f users
}

# Who may write a file but not give a new one to its owner rewrites it in place.
foreign_file() {
  local as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  [ "$(id -u)" -eq 0 ] && "${as_nobody[@]}" test -x "$midge" 2>/dev/null || return 0
  passwd -c -b users alice secret
  chmod 777 . && chmod 666 users
  "${as_nobody[@]}" "$midge" passwd -b users bob secret >out 2>err
  status=$?
  check "another's file is edited where it lies" has users '^bob:'
  check "with status 0" ended 0
  check "and stays the other's" [ "$(stat -c %u users)" = 0 ]
  check "no backup stays beside it" only_files users
  rm -f users
}

# Debian's mosquitto reads what we wrote, and refuses what it should.
old_broker() {
  local port line
  port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
  passwd -H sha512-pbkdf2 -c -b users alice secret
  passwd -H sha512-pbkdf2 -I 5000 -b users bob 'pass word'
  passwd -H sha512 -b users carol secret
  printf 'listener %s 127.0.0.1\nallow_anonymous false\npassword_file %s/users\nuser root\n' \
    "$port" "$folder" >conf
  mkfifo log
  mosquitto -v -c conf >log 2>&1 &
  broker=$!
  exec 3<log
  while read -r -t 10 -u 3 line; do
    case $line in *running*) break ;; esac
  done
  cat <&3 >/dev/null &
  try() { mosquitto_pub -h 127.0.0.1 -p "$port" -q 1 -t t -m m -u "$1" -P "$2" >out 2>err; }
  check "mosquitto accepts our \$7\$ hash" try alice secret
  check "with other iterations" try bob 'pass word'
  check "and our \$6\$ hash" try carol secret
  refused() { ! try "$@" && complained Refused; }
  check "and refuses another password" refused alice wrong
  kill "$broker" && wait "$broker" 2>/dev/null
  broker=
  exec 3<&-
  rm -f users conf log
}

making_a_file
hash_kinds
standard_output
removing
plain_text
odd_files
command_lines
asking
terminal
at_once
foreign_file
if command -v mosquitto >/dev/null && command -v mosquitto_pub >/dev/null; then old_broker; fi
echo "$failures failed"
[ "$failures" -eq 0 ]
