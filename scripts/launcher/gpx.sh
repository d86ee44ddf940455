#!/bin/sh
# Started by Grafana with an almost empty environment (no PATH): finds Node 20 or newer and becomes it.
# Looked for, in this order: GF_PLUGIN_NODE (`node = /path/to/node` under [plugin.gent-traces-datasource] in
# grafana.ini), a node packaged beside this script, PATH, and the usual places.
case $0 in
*/*) D=${0%/*} ;;
*) D=. ;;
esac

seen=
try() {
  [ -n "$1" ] && [ -f "$1" ] && [ -x "$1" ] || return 1
  version=$("$1" --version 2>/dev/null) || version='no version'
  major=${version#v}
  major=${major%%.*}
  case $major in
  '' | *[!0-9]*) seen="$seen $1 (does not run)" ;;
  *)
    # exec: Grafana watches and ends the process it started, so Node must take this one's place.
    [ "$major" -ge 20 ] && exec "$1" "$D/backend.cjs"
    seen="$seen $1 ($version)"
    ;;
  esac
  return 1
}

if [ -n "$GF_PLUGIN_NODE" ]; then
  try "$GF_PLUGIN_NODE" || seen="$seen GF_PLUGIN_NODE=$GF_PLUGIN_NODE"
fi
try "$D/node"
IFS=:
for dir in $PATH; do
  try "$dir/node"
done
unset IFS
for dir in /usr/local/bin /usr/bin /bin /usr/local/sbin /opt/homebrew/bin /usr/local/opt/node/bin /opt/node/bin \
  /usr/share/grafana/bin /usr/lib/nodejs/bin /usr/local/lib/nodejs/bin /snap/bin; do
  try "$dir/node"
done

hint="install Node 20 or newer on the Grafana server, or set node = /path/to/node under [plugin.gent-traces-datasource] in grafana.ini"
PATH=/usr/bin:/bin
seen=$(printf '%s' "${seen:- none}" | tr -d '"\\')
printf '{"@level":"error","@message":"GenT cannot start: no Node 20 or newer found (seen:%s); %s"}\n' "$seen" "$hint" >&2
exit 1
