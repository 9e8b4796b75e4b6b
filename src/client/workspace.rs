//! What targets can name, and who the key belongs to. A workspace may refuse any of it.

use super::transport::Call;
use super::{Answer, Client, ClientError};
use crate::api::{Deployments, Environments, ModelId, Models, Secret, SecretTombstone, Secrets, UpsertSecret, User};

impl Client {
    /// The workspace's models.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn models(&self) -> Result<Answer<Models>, ClientError> {
        self.read(Call::get(&["v1", "models"])).await
    }

    /// A model's environments.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn environments(&self, model: &ModelId) -> Result<Answer<Environments>, ClientError> {
        self.read(Call::get(&["v1", "models"]).segment(model.as_str())?.then("environments")).await
    }

    /// A model's deployments.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn deployments(&self, model: &ModelId) -> Result<Answer<Deployments>, ClientError> {
        self.read(Call::get(&["v1", "models"]).segment(model.as_str())?.then("deployments")).await
    }

    /// The workspace's secrets, without their values.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn secrets(&self) -> Result<Answer<Secrets>, ClientError> {
        self.read(Call::get(&["v1", "secrets"])).await
    }

    /// Makes a secret, or gives the one of this name another value.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn upsert_secret(&self, upsert: &UpsertSecret) -> Result<Answer<Secret>, ClientError> {
        self.write(Call::post(&["v1", "secrets"]).json(upsert)?).await
    }

    /// Deletes a secret. There is no way back.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn delete_secret(&self, name: &str) -> Result<Answer<SecretTombstone>, ClientError> {
        self.write(Call::delete(&["v1", "secrets"]).segment(name)?).await
    }

    /// Who the key belongs to: the cheapest way to find out whether it opens anything.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn me(&self) -> Result<Answer<User>, ClientError> {
        self.read(Call::get(&["v1", "users", "me"])).await
    }
}
