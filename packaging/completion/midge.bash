# bash completion for `midge` and the names of Mosquitto's programs that it answers to.
# Installed once per name into bash-completion's folder; sourcing this file by hand works as well.

_midge_subcommands="broker pub sub passwd help"

_midge_broker_options="-c --config-file -d --daemon -h --help -p --port -q --quiet -v --verbose
  --test-config --example-config --version"

_midge_client_options="-A -c --disable-clean-session -d --debug -D --property -h --host -i --id
  -I --id-prefix -k --keepalive -L --url -M --nodelay -o -p --port -P --pw -q --qos --quiet
  -t --topic -u --username --unix -V --protocol-version --will-topic --will-payload --will-qos
  --will-retain -x --help --version"

_midge_pub_options="$_midge_client_options -f --file -l --stdin-line --blank-lines -m --message
  -n --null-message -r --retain --repeat --repeat-delay -s --stdin-file"

_midge_sub_options="$_midge_client_options -C -E -F -N --pretty -R --remove-retained
  --retain-as-published --retain-handling --retained-only -T --filter-out -U --unsubscribe
  -v --verbose -W"

_midge_passwd_options="-b -c -D -H -I -U --help"

_midge_packets="connect publish subscribe unsubscribe will disconnect"

# The MQTT 5 properties that `-D PACKET` takes.
_midge_properties() {
  case $1 in
    connect) echo "authentication-data authentication-method maximum-packet-size receive-maximum
      request-problem-information request-response-information session-expiry-interval
      topic-alias-maximum user-property" ;;
    publish) echo "content-type correlation-data message-expiry-interval payload-format-indicator
      response-topic topic-alias user-property" ;;
    will) echo "content-type correlation-data message-expiry-interval payload-format-indicator
      response-topic user-property will-delay-interval" ;;
    disconnect) echo "session-expiry-interval user-property" ;;
    subscribe | unsubscribe) echo "user-property" ;;
  esac
}

# Sets COMPREPLY to those WORDS that start with what was typed.
_midge_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$typed"); }
_midge_files() {
  compopt -o filenames 2>/dev/null
  mapfile -t COMPREPLY < <(compgen -f -- "$typed")
}

# The value of the option in front of the cursor. False when that option takes none.
_midge_broker_value() {
  case $1 in
    -c | --config-file) _midge_files ;;
    -p | --port) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_midge_client_value() {
  case $1 in
    -f | --file | -o | --unix) _midge_files ;;
    -V | --protocol-version) _midge_words "mqttv31 mqttv311 mqttv5" ;;
    -q | --qos | --will-qos) _midge_words "0 1 2" ;;
    -D | --property) _midge_words "$_midge_packets" ;;
    -L | --url) _midge_words "mqtt://" ;;
    --retain-handling) _midge_words "always new never" ;;
    -h | --host) mapfile -t COMPREPLY < <(compgen -A hostname -- "$typed") ;;
    -A | -C | -F | -i | --id | -I | --id-prefix | -k | --keepalive | -m | --message | -M | -p | \
      --port | -P | --pw | --repeat | --repeat-delay | -t | --topic | -T | --filter-out | -u | \
      --username | -U | --unsubscribe | -W | --will-payload | --will-topic | -x) COMPREPLY=() ;;
    *) return 1 ;;
  esac
}

_midge_client() {
  local options=$1
  if [[ $before == -D || $before == --property || $before2 != -D && $before2 != --property ]]; then
    _midge_client_value "$before" || _midge_words "$options"
  else
    _midge_words "$(_midge_properties "$before")"
  fi
}

_midge_passwd() {
  case $before in
    -H) _midge_words "argon2id sha512-pbkdf2 sha512" ;;
    -I) COMPREPLY=() ;;
    *) if [[ $typed == -* ]]; then _midge_words "$_midge_passwd_options"; else _midge_files; fi ;;
  esac
}

_midge_program() {
  case $1 in
    broker) _midge_broker_value "$before" || _midge_words "$_midge_broker_options" ;;
    pub) _midge_client "$_midge_pub_options" ;;
    sub) _midge_client "$_midge_sub_options" ;;
    passwd) _midge_passwd ;;
    help) _midge_words "${_midge_subcommands/ help/}" ;;
    *) COMPREPLY=() ;;
  esac
}

_midge() {
  local typed=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} before2=
  ((COMP_CWORD < 2)) || before2=${COMP_WORDS[COMP_CWORD - 2]}
  case ${COMP_WORDS[0]##*/} in
    mosquitto) _midge_program broker ;;
    mosquitto_*) _midge_program "${COMP_WORDS[0]##*mosquitto_}" ;;
    *)
      if ((COMP_CWORD == 1)); then
        _midge_words "$_midge_subcommands --help --version"
      else
        _midge_program "${COMP_WORDS[1]}"
      fi
      ;;
  esac
}

complete -F _midge midge mosquitto mosquitto_pub mosquitto_sub mosquitto_passwd
