#!/bin/bash
# systemctl COMMAND -- NAME for tests: one service, which runs bin/unoc on data, both in $FAKE_ROOT.
command=$1
cd "$FAKE_ROOT" || exit 1
echo "$command" >> commands
process=$(cat pid 2> /dev/null)
runs() { [ -n "$process" ] && [[ $(cat "/proc/$process/stat" 2> /dev/null) =~ \)\ [^Z] ]]; }
case $command in
  show)
    state=inactive
    [ ! -e failed ] || state=failed
    if runs; then state=active; elif [ -n "$process" ]; then state=failed; fi
    printf 'LoadState=%s\nActiveState=%s\nMainPID=%s\nNRestarts=0\nStateDirectory=\n' \
      "$(cat load-state 2> /dev/null || echo loaded)" $state "$(runs && echo "$process" || echo 0)"
    ;;
  stop)
    ! runs || kill -TERM "$process"
    while runs; do sleep 0.02; done
    rm -f pid failed
    ;;
  reset-failed) rm -f failed ;;
  start)
    if runs; then exit 0; fi
    rm -f data/endpoint
    # shellcheck disable=SC2046 # one variable a line, without blanks
    env -i HOME=/nonexistent $(cat environment 2> /dev/null) bin/unoc serve --port 0 --data-dir "$FAKE_ROOT/data" \
      < /dev/null >> log 2>&1 &
    process=$!
    echo $process > pid
    until [ -e data/endpoint ]; do
      if ! runs; then
        rm pid
        touch failed
        echo 'Job for unoc.service failed because the control process exited with error code.' >&2
        exit 1
      fi
      sleep 0.02
    done
    ;;
esac
