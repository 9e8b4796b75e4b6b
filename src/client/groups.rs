//! Groups: `/v1/gateway/groups`.

use futures_util::stream::Stream;

use super::transport::Call;
use super::{Answer, Client, ClientError, pages};
use crate::api::{CreateGroup, Group, GroupId, GroupTombstone, Page, UpdateGroup, Usage};

const GROUPS: [&str; 3] = ["v1", "gateway", "groups"];

impl Client {
    /// One page of the groups, oldest first; only the one with this `external_entity_id` where it is given.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn groups_page(
        &self,
        cursor: Option<&str>,
        limit: usize,
        external_entity_id: Option<&str>,
    ) -> Result<Answer<Page<Group>>, ClientError> {
        let call = Call::get(&GROUPS).page(cursor, limit).query("external_entity_id", external_entity_id);
        self.read(call).await
    }

    /// All groups, a page at a time as it arrives. Dropping the stream stops the reading.
    pub fn groups(&self, limit: usize) -> impl Stream<Item = Result<Answer<Page<Group>>, ClientError>> + Send + use<> {
        let client = self.clone();
        pages::follow(move |cursor| {
            let client = client.clone();
            async move { client.groups_page(cursor.as_deref(), limit, None).await }
        })
    }

    /// One group as it is now.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn group(&self, id: &GroupId) -> Result<Answer<Group>, ClientError> {
        self.read(Call::get(&GROUPS).segment(id.as_str())?).await
    }

    /// Creates a group.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn create_group(&self, create: &CreateGroup) -> Result<Answer<Group>, ClientError> {
        self.write(Call::post(&GROUPS).json(create)?).await
    }

    /// Changes a group's name, or the whole set of slugs that it may call.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn update_group(&self, id: &GroupId, update: &UpdateGroup) -> Result<Answer<Group>, ClientError> {
        self.write(Call::patch(&GROUPS).segment(id.as_str())?.json(update)?).await
    }

    /// Deletes a group with all its descendants and their keys.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn delete_group(&self, id: &GroupId) -> Result<Answer<GroupTombstone>, ClientError> {
        self.write(Call::delete(&GROUPS).segment(id.as_str())?).await
    }

    /// How much of its usage limits a group has used.
    ///
    /// # Errors
    /// See [`ErrorKind`](super::ErrorKind).
    pub async fn group_usage(&self, id: &GroupId) -> Result<Answer<Usage>, ClientError> {
        self.read(Call::get(&GROUPS).segment(id.as_str())?.then("usage")).await
    }
}
