# Never run: written for a public host, and nobody has tried it there.
# Made from assets/packaging/targets.toml by `REPOINT_RELEASE=write tests/run packaging`.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  outputs = { self, nixpkgs }: let
    systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
    each = nixpkgs.lib.genAttrs systems;
  in {
    packages = each (system: {
      default = nixpkgs.legacyPackages.${system}.rustPlatform.buildRustPackage {
        pname = "repoint";
        version = "0.1.0";
        src = self;
        cargoLock.lockFile = ./Cargo.lock;
        doCheck = false;
        REPOINT_COMMIT = self.shortRev or "";
      };
    });
  };
}
