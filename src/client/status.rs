//! How a gateway of ours is, what its simulated models do wrong, and its demo. No other server tells.

use serde_json::Value;

use super::transport::Call;
use super::{Answer, Client, ClientError};
use crate::api::{Explanation, FaultList, GatewayStatus, Question};

const STATUS: [&str; 3] = ["repoint", "v1", "status"];
const FAULTS: [&str; 3] = ["repoint", "v1", "faults"];
const EXPLAIN: [&str; 3] = ["repoint", "v1", "explain"];
const SEED: [&str; 3] = ["repoint", "v1", "seed"];

impl Client {
    /// Whether the gateway is well, in figures.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) on every other server. Else see [`ErrorKind`](super::ErrorKind).
    pub async fn gateway_status(&self) -> Result<Answer<GatewayStatus>, ClientError> {
        self.read(Call::get(&STATUS)).await
    }

    /// What simulated models do wrong.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) on every other server. Else see [`ErrorKind`](super::ErrorKind).
    pub async fn faults(&self) -> Result<Answer<FaultList>, ClientError> {
        self.read(Call::get(&FAULTS)).await
    }

    /// Replaces all faults, and answers those that are on. It is a write: callers notice.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) on every other server; [`Invalid`](super::ErrorKind::Invalid) names the
    /// fault. Else see [`ErrorKind`](super::ErrorKind).
    pub async fn set_faults(&self, faults: &FaultList) -> Result<Answer<FaultList>, ClientError> {
        self.write(Call::put(&FAULTS).json(faults)?).await
    }

    /// Whether a call would be admitted now, and how much is left of each limit. It spends nothing.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) on every other server. Else see [`ErrorKind`](super::ErrorKind).
    pub async fn explain(&self, question: &Question) -> Result<Answer<Explanation>, ClientError> {
        self.read(Call::post(&EXPLAIN).json(question)?).await
    }

    /// The demo's endpoints and groups, as a file of `repoint export` has them.
    ///
    /// # Errors
    /// [`NotFound`](super::ErrorKind::NotFound) on every other server. Else see [`ErrorKind`](super::ErrorKind).
    pub async fn demo(&self) -> Result<Answer<Value>, ClientError> {
        self.read(Call::get(&SEED)).await
    }
}
