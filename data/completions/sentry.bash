# bash completion of sentry(1). SPDX-License-Identifier: LGPL-2.1-or-later

_sentry_plain_words ()
{
  mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
}

# The words up to the cursor: is there a verb yet, and has CMD begun (then its place is in $_sentry_cmd)?
_sentry_scan ()
{
  local i word
  _sentry_verb='' _sentry_cmd=0
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    case $word in
    --)
      _sentry_cmd=$((i + 1))
      return
      ;;
    --root | --bind | --tmpfs | --hide | --keep | --env | --cwd | --user | --hostname | --limit | --max-memory | \
      --max-tasks | --platform | --plugin-dir | --config | --debug-log)
      i=$((i + 1))
      [[ ${COMP_WORDS[i]} != '=' ]] || i=$((i + 1))
      ;;
    -* | =) ;;
    *)
      if [[ -z $_sentry_verb ]]; then
        _sentry_verb=$word
      elif [[ ${COMP_WORDS[i - 1]} != '=' ]]; then
        _sentry_cmd=$i
        return
      fi
      ;;
    esac
  done
}

_sentry_option_value ()
{
  local option=$1 cur=$2
  compopt +o nospace 2>/dev/null
  case $option in
  --root | --keep | --plugin-dir | --cwd | --tmpfs)
    mapfile -t COMPREPLY < <(compgen -d -- "$cur")
    ;;
  --bind | --hide | --config | --debug-log)
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    ;;
  --user)
    mapfile -t COMPREPLY < <(compgen -u -- "$cur")
    ;;
  --env)
    mapfile -t COMPREPLY < <(compgen -v -- "$cur")
    ;;
  --limit)
    _sentry_plain_words "as= core= cpu= data= fsize= locks= memlock= msgqueue= nice= nofile= nproc= rss= rtprio= \
      rttime= sigpending= stack=" "$cur"
    compopt -o nospace 2>/dev/null
    ;;
  --platform)
    _sentry_plain_words "auto $("${COMP_WORDS[0]}" plugins 2>/dev/null | sed -n 's/^ *platform:\([^ ]*\).*/\1/p')" "$cur"
    ;;
  *) return 1 ;;
  esac
}

_sentry ()
{
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} _sentry_verb _sentry_cmd
  COMPREPLY=()
  _sentry_scan
  if ((_sentry_cmd > 0)); then
    if ((COMP_CWORD == _sentry_cmd)); then
      mapfile -t COMPREPLY < <(compgen -c -- "$cur")
    else
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
    return
  fi
  [[ $cur != '=' ]] || { cur=''; prev='='; }
  if [[ $prev == '=' ]]; then
    prev=${COMP_WORDS[COMP_CWORD - 1]}
    [[ $prev != '=' ]] || prev=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  _sentry_option_value "$prev" "$cur" && return
  if [[ $cur == -* ]]; then
    _sentry_plain_words "--root --bind --tmpfs --hide --keep --env --clear-env --cwd --user --hostname --limit \
      --max-memory --max-tasks --platform --plugin-dir --config --strace --debug-log --print-host-syscalls --help \
      --version" "$cur"
  elif [[ -z $_sentry_verb ]]; then
    _sentry_plain_words "run plugins doctor" "$cur"
  elif [[ $_sentry_verb == run ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$cur")
  fi
}

complete -o filenames -F _sentry sentry
