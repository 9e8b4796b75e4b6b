//! Endpoints: `/v1/gateway/endpoints`.

use futures_util::stream::Stream;

use super::transport::Call;
use super::{Answer, Client, ClientError, pages};
use crate::api::{CreateEndpoint, Endpoint, EndpointId, EndpointTombstone, Page, Time, UpdateEndpoint};

const ENDPOINTS: [&str; 3] = ["v1", "gateway", "endpoints"];

impl Client {
    /// One page of the endpoints, oldest first.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn endpoints_page(
        &self,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Answer<Page<Endpoint>>, ClientError> {
        self.read(Call::get(&ENDPOINTS).page(cursor, limit)).await
    }

    /// All endpoints, a page at a time as it arrives. Dropping the stream stops the reading.
    pub fn endpoints(
        &self,
        limit: usize,
    ) -> impl Stream<Item = Result<Answer<Page<Endpoint>>, ClientError>> + Send + use<> {
        let client = self.clone();
        pages::follow(move |cursor| {
            let client = client.clone();
            async move { client.endpoints_page(cursor.as_deref(), limit).await }
        })
    }

    /// One endpoint as it is now.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn endpoint(&self, id: &EndpointId) -> Result<Answer<Endpoint>, ClientError> {
        self.read(Call::get(&ENDPOINTS).segment(id.as_str())?).await
    }

    /// Creates an endpoint.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn create_endpoint(&self, create: &CreateEndpoint) -> Result<Answer<Endpoint>, ClientError> {
        self.write(Call::post(&ENDPOINTS).json(create)?).await
    }

    /// Changes an endpoint. `if_match` makes the guard atomic on the local gateway; other servers ignore it.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind); [`PreconditionFailed`](super::ErrorKind::PreconditionFailed) where
    /// the endpoint's `updated_at` is no longer `if_match`.
    pub async fn update_endpoint(
        &self,
        id: &EndpointId,
        update: &UpdateEndpoint,
        if_match: Option<Time>,
    ) -> Result<Answer<Endpoint>, ClientError> {
        self.write(Call::patch(&ENDPOINTS).segment(id.as_str())?.if_match(if_match).json(update)?).await
    }

    /// Deletes an endpoint and frees its slug.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind); [`PreconditionFailed`](super::ErrorKind::PreconditionFailed) where
    /// the endpoint's `updated_at` is no longer `if_match`.
    pub async fn delete_endpoint(
        &self,
        id: &EndpointId,
        if_match: Option<Time>,
    ) -> Result<Answer<EndpointTombstone>, ClientError> {
        self.write(Call::delete(&ENDPOINTS).segment(id.as_str())?.if_match(if_match)).await
    }
}
