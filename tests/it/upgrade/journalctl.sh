#!/bin/bash
# journalctl --unit NAME --output cat --no-pager --lines COUNT for tests.
exec tail -n "$7" "$FAKE_ROOT/log"
