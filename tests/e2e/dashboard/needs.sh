# Sourced: leaves with 77 (skipped) where the dashboard's tools are not there, and says what is missing.
skip() {
  echo "skipped: $1"
  exit 77
}
command -v node >/dev/null || skip "no Node (20.19 or newer)"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  skip "Node $(node --version) is older than 20.19"
[ -d "$ASSAY_SOURCE/client/dashboard/node_modules" ] || skip "no packages: npm ci in client/dashboard"
