#!/usr/bin/env bash
# ssh-keygen -Y sign exits 0 without signing where an older signature lies there and nobody is asked.
#
# For a file it writes NAME.sig. If that exists it asks whether to overwrite; without a terminal the end of standard
# input counts as no, and the exit code is 0. A release script that signs a rebuilt file so ships the old signature and
# notices nothing; only a verification would fail.
#
# Guessed before: it overwrites, or fails with a code other than 0. Seen with: OpenSSH 9.2p1 (Debian 12:
# openssh-client 1:9.2p1-2+deb12u6).
# Repoint: signs its artefacts with minisign into a new file and verifies each signature right after.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

ssh -V 2>&1 | sed 's/^/with /' >&2
ssh-keygen -q -t ed25519 -N '' -C release@example.com -f key
echo "release@example.com $(cut -d' ' -f1,2 key.pub)" > signers
verify() { ssh-keygen -Y verify -f signers -I release@example.com -n file -s artefact.sig < artefact > /dev/null 2>&1; }
{
  echo one > artefact
  ssh-keygen -q -Y sign -f key -n file artefact < /dev/null 2> /dev/null
  verify && echo "first: signed and good"
  echo two > artefact
  ssh-keygen -q -Y sign -f key -n file artefact < /dev/null > /dev/null 2>&1 && echo "second: exit code 0"
  verify || echo "second: the signature is the old one"
} > seen
cat > expected <<'END'
first: signed and good
second: exit code 0
second: the signature is the old one
END
diff -u expected seen && echo "as described"
