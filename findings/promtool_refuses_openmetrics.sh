#!/usr/bin/env bash
# No OpenMetrics text with a counter satisfies both promtool and the OpenMetrics parser of Prometheus' own client.
#
# promtool check metrics reads every input as the older text format 0.0.4, though Prometheus itself takes OpenMetrics when
# it scrapes. A right OpenMetrics counter ("# HELP x", "x_total 1") has "no help text" for it, and the types info and
# unknown are errors. A second "# HELP x_total" line makes it content, but then the reference parser refuses the text:
# the name clashes.
#
# Guessed before: promtool takes OpenMetrics text. Seen with: promtool 2.42.0 (Debian 12: prometheus
# 2.42.0+ds-5+deb12u1), prometheus-client 0.21.1 on Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get download -qq prometheus=2.42.0+ds-5+deb12u1 2> apt.log
dpkg -x prometheus_*.deb root
python3 -m pip install --quiet --no-compile --disable-pip-version-check --root-user-action=ignore --target lib \
    prometheus-client==0.21.1
cat > parse.py <<'PY'
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
try:
    list(text_string_to_metric_families(sys.stdin.read()))
except ValueError:
    sys.exit(1)
PY
check() { # NAME TEXT
  promtool=fails parser=fails
  if printf "$2" | root/usr/bin/promtool check metrics > /dev/null 2>&1; then promtool=passes; fi
  if printf "$2" | PYTHONPATH=lib python3 parse.py; then parser=passes; fi
  echo "$1: promtool $promtool, OpenMetrics parser $parser"
}
{
  check "a counter" '# HELP x Counts.\n# TYPE x counter\nx_total 1\n# EOF\n'
  check "with a second help" '# HELP x Counts.\n# TYPE x counter\n# HELP x_total Counts.\nx_total 1\n# EOF\n'
  check "an info" '# HELP x Says.\n# TYPE x info\nx_info{a="b"} 1\n# EOF\n'
} > seen
cat > expected <<'END'
a counter: promtool fails, OpenMetrics parser passes
with a second help: promtool passes, OpenMetrics parser fails
an info: promtool fails, OpenMetrics parser passes
END
diff -u expected seen && echo "as described"
