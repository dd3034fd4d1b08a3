# shellcheck shell=bash disable=SC2154 # settings and payload come before it
# Body of the function that bootstrapScript.ts writes around it; the settings and the payload
# functions come before it. It leaves the converge to systemd, so that a dropped connection does not
# end it, and waits here for its result.
umask 077
base=/var/lib/etcd-bootstrap
run=$base/${digest:0:12}
unit=etcd-bootstrap-${digest:0:12}
log=$base/converge.log

if [ "$(id -u)" != 0 ]; then
    echo "bootstrap: root is needed on $(hostname); run the script through sudo" >&2
    return 1
fi

state_of() { systemctl show --property ActiveState --value "$1"; }
is_running() { systemctl --quiet is-active "$unit" || [ "$(state_of "$unit")" = activating ]; }
# In one step: another launcher may just be reading it.
set_status() { echo "$1" > "$run/status.new" && mv "$run/status.new" "$run/status"; }
result() { if [ -f "$run/status" ]; then echo "$(< "$run/status")"; else echo none; fi; }
etcd_is_up() { state_of etcd | grep -Eqx 'active|activating|reloading'; }

write_inputs() {
    rm -rf "$run"
    mkdir -p "$run/cookbooks/etcd"
    cookbook | base64 -d | tar -xz -C "$run/cookbooks/etcd" --no-same-owner
    node_json | base64 -d > "$run/node.json"
    client_rb | base64 -d > "$run/client.rb"
    settings | base64 -d > "$run/settings"
    converge_sh | base64 -d > "$run/converge.sh"
    if [ "$has_ticket" = yes ]; then ticket_json | base64 -d > "$run/ticket.json"; fi
    if [ "$has_pki" = yes ]; then
        mkdir "$run/pki"
        ca_crt | base64 -d > "$run/pki/ca.crt"
        member_crt | base64 -d > "$run/pki/member.crt"
        member_key | base64 -d > "$run/pki/member.key"
    fi
    set_status running
}

# Two of us at the same moment: the second finds the first's converge running and waits for the same
# result.
start() {
    exec 8> "$base/launch.lock"
    flock -w 60 8 || {
        echo "bootstrap: another bootstrap on $(hostname) has held $base/launch.lock for 60 s" >&2
        return 1
    }
    if is_running && [ "$(result)" = running ]; then
        echo "a converge with the same inputs is running on $(hostname); waiting for it"
    else
        # It writes its result a moment before it ends, and a unit's name is free only then.
        local tries=50
        while is_running && [ "$tries" -gt 0 ]; do sleep 0.1; tries=$((tries - 1)); done
        write_inputs
        systemd-run --quiet --unit "$unit" --collect --description "etcd bootstrap" \
            --setenv=HOME=/root --property="RuntimeMaxSec=$timeout_seconds" \
            /bin/bash "$run/converge.sh" "$base" "$run" "$timeout_seconds"
    fi
    exec 8>&-
}

# The log goes on from run to run; a reader wants the last one.
this_run() {
    awk '/ converge [0-9a-f]+ begins$/ { text = "" } { text = text $0 "\n" }
        END { printf "%s", text }' "$log"
}
last_line() { tail -n 1 "$log" 2>/dev/null | cut -c 1-200; }

# The unit's own limit ends a converge that hangs; ours lies behind it, for a systemd that no longer
# answers. Whether the unit lives is asked once a second only: the question costs systemd more than
# the waiting is worth.
wait_for_result() {
    local deadline=$((SECONDS + timeout_seconds + 30)) told=$SECONDS asked=$SECONDS
    while [ "$(result)" = running ]; do
        if [ "$asked" != "$SECONDS" ]; then
            asked=$SECONDS
            if ! is_running && [ "$(result)" = running ]; then set_status killed; fi
        fi
        if [ "$SECONDS" -ge "$deadline" ]; then
            echo "bootstrap: no result after $((timeout_seconds + 30)) s on $(hostname)" >&2
            return 1
        elif [ $((SECONDS - told)) -ge 10 ]; then
            told=$SECONDS
            echo "waiting for Chef on $(hostname), $SECONDS of $timeout_seconds s;" \
                "last: $(last_line)"
        fi
        sleep 0.1
    done
}

mkdir -p "$base"
if [ "$(result)" = ok ] && etcd_is_up; then
    echo "$(hostname) has converged with these inputs before, and etcd is running"
    return 0
fi
start
wait_for_result
case $(result) in
    ok*)
        [ ! -s "$run/warnings" ] || sed "s/^/warning: $(hostname): /" "$run/warnings"
        echo "$(hostname) converged in $SECONDS s"
        ;;
    *)
        limit=
        [ "$SECONDS" -lt "$timeout_seconds" ] || limit=", at its limit of $timeout_seconds s"
        echo "The converge of $(hostname) failed ($(result))$limit. The end of its log:" >&2
        this_run | tail -n 30 >&2
        echo "The whole log, on the node: sudo less $log" >&2
        return 1
        ;;
esac
