# Never run: written for a public host, and nobody has tried it there.
# Made from assets/packaging/targets.toml by `REPOINT_RELEASE=write tests/run packaging`.
class Repoint < Formula
  desc "Dashboard and gateway for language-model endpoints"
  version "0.1.0"
  license "Apache-2.0"
  on_intel do
    url "https://example.com/repoint/releases/download/v0.1.0/repoint-0.1.0-x86_64-apple-darwin.tar.gz"
    sha256 "REPLACED BY THE RELEASE"
  end
  on_arm do
    url "https://example.com/repoint/releases/download/v0.1.0/repoint-0.1.0-aarch64-apple-darwin.tar.gz"
    sha256 "REPLACED BY THE RELEASE"
  end

  def install
    bin.install "repoint"
    generate_completions_from_executable(bin/"repoint", "completions")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/repoint --version")
  end
end
