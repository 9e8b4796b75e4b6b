//! Federated keys: `/v1/gateway/groups/{id}/api_keys`.

use futures_util::stream::Stream;
use http::{HeaderName, HeaderValue};

use super::transport::Call;
use super::{Answer, Client, ClientError, ErrorKind, pages};
use crate::api::{CreateKey, GroupId, KeyInfo, KeyPrefix, KeyTombstone, MintedKey, Page, RegisteredKey};

const SIGNATURE: HeaderName = HeaderName::from_static("x-baseten-signature");

fn keys(call: impl FnOnce(&[&str]) -> Call, group: &GroupId) -> Result<Call, ClientError> {
    Ok(call(&["v1", "gateway", "groups"]).segment(group.as_str())?.then("api_keys"))
}

impl Client {
    /// One page of a group's keys, oldest first. The keys themselves are never answered.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn keys_page(
        &self,
        group: &GroupId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Answer<Page<KeyInfo>>, ClientError> {
        self.read(keys(Call::get, group)?.page(cursor, limit)).await
    }

    /// All keys of a group, a page at a time as it arrives. Dropping the stream stops the reading.
    pub fn keys(
        &self,
        group: &GroupId,
        limit: usize,
    ) -> impl Stream<Item = Result<Answer<Page<KeyInfo>>, ClientError>> + Send + use<> {
        let (client, group) = (self.clone(), group.clone());
        pages::follow(move |cursor| {
            let (client, group) = (client.clone(), group.clone());
            async move { client.keys_page(&group, cursor.as_deref(), limit).await }
        })
    }

    /// Makes a key. The answer is the only place where it ever stands.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn mint_key(&self, group: &GroupId, create: &CreateKey) -> Result<Answer<MintedKey>, ClientError> {
        self.write(keys(Call::post, group)?.json(create)?).await
    }

    /// Registers a key that the customer made. `body` is the exact JSON of an
    /// [`api::RegisterKey`](crate::api::RegisterKey) that `signature` (base64 Ed25519) was made over.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn register_key(
        &self,
        group: &GroupId,
        body: Vec<u8>,
        signature: &str,
    ) -> Result<Answer<RegisteredKey>, ClientError> {
        let signature = HeaderValue::from_str(signature.trim())
            .map_err(|_| ClientError::new(ErrorKind::Refused, "the signature is not one line of base64"))?;
        let call = keys(Call::post, group)?.then("register").header(SIGNATURE, Some(signature));
        self.write(call.bytes(body)).await
    }

    /// One key, without the key itself.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn key(&self, group: &GroupId, prefix: &KeyPrefix) -> Result<Answer<KeyInfo>, ClientError> {
        self.read(keys(Call::get, group)?.segment(prefix.as_str())?).await
    }

    /// Revokes a key. There is no way back.
    ///
    /// # Errors
    /// See [`ErrorKind`].
    pub async fn revoke_key(&self, group: &GroupId, prefix: &KeyPrefix) -> Result<Answer<KeyTombstone>, ClientError> {
        self.write(keys(Call::delete, group)?.segment(prefix.as_str())?).await
    }
}
