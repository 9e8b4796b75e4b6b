#!/usr/bin/env bash
# promtool check metrics passes a histogram that cannot be one.
#
# Buckets that go down, no +Inf bucket, a count below its buckets, and one sample given twice with two values: exit code
# 0 and no word. It refuses a second HELP line and complains about a missing one. So "promtool is happy" says that the
# lines can be read, not that the numbers can be used.
#
# Guessed before: it names the missing +Inf bucket and the doubled sample. Seen with: promtool 2.42.0 (Debian 12:
# prometheus 2.42.0+ds-5+deb12u1).
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get download -qq prometheus=2.42.0+ds-5+deb12u1 2> apt.log
dpkg -x prometheus_*.deb root
check() { root/usr/bin/promtool check metrics > /dev/null 2>&1 && echo "$1: passes" || echo "$1: fails"; }
{
  check "broken histogram" <<'END'
# HELP latency_seconds Time to answer.
# TYPE latency_seconds histogram
latency_seconds_bucket{le="1"} 5
latency_seconds_bucket{le="2"} 3
latency_seconds_count 1
latency_seconds_sum 1
END
  check "doubled sample" <<'END'
# HELP open_requests Requests under way.
# TYPE open_requests gauge
open_requests 1
open_requests 2
END
  check "no help text" <<'END'
# TYPE open_requests gauge
open_requests 1
END
} > seen
cat > expected <<'END'
broken histogram: passes
doubled sample: passes
no help text: fails
END
diff -u expected seen && echo "as described"
