//! Examples of every verb: its help and its manual page end with them.
//!
//! They fit into 60 columns. A test reads each as the program would.

/// What to begin with.
pub(crate) const PROGRAM: &str = "\
Examples:
  veilcast demo
  veilcast train --table patients.csv --target diagnosis \\
    --out risk
  veilcast serve --model risk
  veilcast predict --server http://localhost:8080 \\
    --model risk patients.csv

`veilcast help VERB` explains each verb.";

pub(crate) const DEMO: &str = "\
Examples:
  veilcast demo
  veilcast demo --model digits-hybrid --count 100 --exit
  veilcast demo --port 9000";
#[cfg(feature = "train")]
pub(crate) const TRAIN: &str = "\
Examples:
  veilcast train --data data/mnist --out my-digits
  veilcast train --table patients.csv --target diagnosis \\
    --out risk
  veilcast train --table flats.csv --target rent \\
    --regression --ignore-columns id,street --out rent";
#[cfg(feature = "import")]
pub(crate) const IMPORT: &str = "\
Examples:
  veilcast import model.onnx --calibration sample.csv \\
    --out model
  veilcast import booster.json --calibration sample.csv \\
    --out trees";
pub(crate) const EVALUATE: &str = "\
Examples:
  veilcast evaluate --model risk --table held-out.csv \\
    --target diagnosis
  veilcast evaluate --model my-digits --data data/mnist \\
    --limit 20 --encrypted
  veilcast evaluate --table held-out.csv \\
    --target diagnosis --predictions predictions.csv";
pub(crate) const INSPECT: &str = "\
Examples:
  veilcast inspect risk --records 10000
  veilcast inspect key.json
  veilcast inspect https://models.example.org
  veilcast inspect risk --cluster 64 --records 1e9";
pub(crate) const SEAL: &str = "\
Examples:
  veilcast keygen --out sealing-key.json
  veilcast seal risk --key sealing-key.json
  veilcast seal risk --key sealing-key.json --only";
pub(crate) const SERVE: &str = "\
Examples:
  veilcast serve --model risk
  veilcast serve --model risk --model my-digits \\
    --listen :8443 --tls-certificate service.pem \\
    --tls-key service-key.pem
  veilcast serve --config serve.toml --print-config";
#[cfg(feature = "ledger")]
pub(crate) const TOKEN: &str = "\
Examples:
  veilcast token add ward-7 --quota 1000/day
  veilcast token list --config serve.toml";
#[cfg(feature = "ledger")]
pub(crate) const USAGE: &str = "\
Examples:
  veilcast usage --config serve.toml
  veilcast usage --from 2026-11-01 --to 2026-11-30 \\
    --token ward-7";
pub(crate) const KEYGEN: &str = "\
Examples:
  veilcast keygen --out key.json
  veilcast keygen --bits 4096 --out key.json
  veilcast keygen --out - | gpg --encrypt > key.json.gpg";
pub(crate) const PUBKEY: &str = "\
Examples:
  veilcast pubkey key.json
  veilcast pubkey key.json --out public.json";
pub(crate) const POOL: &str = "\
Examples:
  veilcast pool fill --key key.json --count 78400
  veilcast pool status --key key.json";
pub(crate) const POOL_FILL: &str = "\
Example:
  veilcast pool fill --key key.json --count 78400";
pub(crate) const POOL_STATUS: &str = "\
Example:
  veilcast pool status --key key.json";
pub(crate) const VOUCHER: &str = "\
Examples:
  veilcast voucher fill --model risk --key key.json \\
    --server https://models.example.org --count 1000
  veilcast predict --server https://models.example.org \\
    --model risk --key key.json \\
    --vouchers key.json.vouchers patients.csv";
pub(crate) const VOUCHER_FILL: &str = "\
Example:
  veilcast voucher fill --model risk --key key.json \\
    --server https://models.example.org --count 1000";
pub(crate) const VOUCHER_STATUS: &str = "\
Example:
  veilcast voucher status --key key.json --model risk \\
    --server https://models.example.org";
pub(crate) const PREDICT: &str = "\
Examples:
  veilcast predict --server https://models.example.org \\
    --model risk --keep patient patients.csv
  veilcast predict --server https://models.example.org \\
    --model risk --key key.json --out predictions.csv \\
    --resume patients.csv
  veilcast predict --server http://localhost:8080 \\
    --model digits digit.png
  export.sh | veilcast predict --model risk \\
    --server https://models.example.org - > predictions.csv";
pub(crate) const ENCRYPT: &str = "\
Examples:
  veilcast encrypt --key key.json --card card.json \\
    --in patients.csv --out request
  export.sh | veilcast encrypt --key key.json \\
    --card card.json --in - --out - > request";
pub(crate) const COMPUTE: &str = "\
Examples:
  veilcast compute --model risk --in request --out response
  veilcast compute --model risk --in - --out - \\
    < request > response";
pub(crate) const DECRYPT: &str = "\
Examples:
  veilcast decrypt --key key.json --card card.json \\
    --in response --request request --out predictions.csv
  veilcast decrypt --key key.json --card card.json --in - \\
    < response";
pub(crate) const BENCH: &str = "\
Examples:
  veilcast bench
  veilcast bench --key-bits 4096 --calibrate costs.json";
pub(crate) const COMPLETIONS: &str = "\
Examples:
  veilcast completions bash > \\
    ~/.local/share/bash-completion/completions/veilcast
  veilcast completions zsh > ~/.zfunc/_veilcast
  veilcast completions fish > \\
    ~/.config/fish/completions/veilcast.fish";
pub(crate) const MAN: &str = "\
Examples:
  veilcast man --out ~/.local/share/man/man1
  veilcast man | man -l -";
#[cfg(feature = "ledger")]
pub(crate) const TOKEN_ADD: &str = "\
Example:
  veilcast token add ward-7 --models risk \\
    --quota 1000/day";
#[cfg(feature = "ledger")]
pub(crate) const TOKEN_LIST: &str = "\
Example:
  veilcast token list --config serve.toml";
#[cfg(feature = "ledger")]
pub(crate) const TOKEN_REVOKE: &str = "\
Example:
  veilcast token revoke ward-7 --config serve.toml";
