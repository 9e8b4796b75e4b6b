//! Lists that come in pages, followed to their end.

use std::future::Future;

use futures_util::stream::{Stream, try_unfold};

use super::{Answer, ClientError, ErrorKind};
use crate::api::Page;

/// No list is followed further: a server that never says that it is done must not keep a program busy for ever.
const PAGES_MAX: usize = 100_000;

struct Place {
    cursor: Option<String>,
    pages: usize,
}

/// Reads page after page with `read`. A server that answers a cursor that leads nowhere ends it with an error.
pub(super) fn follow<T, F, R>(read: F) -> impl Stream<Item = Result<Answer<Page<T>>, ClientError>> + Send
where
    T: Send,
    F: Fn(Option<String>) -> R + Send,
    R: Future<Output = Result<Answer<Page<T>>, ClientError>> + Send,
{
    let start = (read, Some(Place { cursor: None, pages: 0 }));
    try_unfold(start, |(read, place)| async move {
        let Some(place) = place else { return Ok(None) };
        let answer = read(place.cursor.clone()).await?;
        let next = next_place(&place, &answer.body)?;
        Ok(Some((answer, (read, next))))
    })
}

fn next_place<T>(place: &Place, page: &Page<T>) -> Result<Option<Place>, ClientError> {
    if !page.pagination.has_more {
        return Ok(None);
    }
    let broken = |message: &str| Err(ClientError::new(ErrorKind::Malformed, message));
    match &page.pagination.cursor {
        None => broken("the server says that the list goes on, and not where"),
        Some(cursor) if place.cursor.as_ref() == Some(cursor) => broken("the server answers the same page for ever"),
        Some(_) if place.pages + 1 >= PAGES_MAX => broken("the server's list has no end"),
        Some(cursor) => Ok(Some(Place { cursor: Some(cursor.clone()), pages: place.pages + 1 })),
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt, TryStreamExt, pin_mut};

    use super::*;
    use crate::api::Pagination;

    fn page(items: &[u32], has_more: bool, cursor: Option<&str>) -> Answer<Page<u32>> {
        let pagination = Pagination { has_more, cursor: cursor.map(str::to_owned) };
        Answer { body: Page { items: items.to_vec(), pagination }, revision: None, date: None }
    }

    #[tokio::test]
    async fn pages_are_followed_until_there_are_no_more() {
        let stream = follow(|cursor: Option<String>| async move {
            Ok(match cursor.as_deref() {
                None => page(&[1, 2], true, Some("a=")),
                // An empty page in the middle is no end, and a cursor beside `has_more: false` is no start.
                Some("a=") => page(&[], true, Some("b")),
                _ => page(&[3], false, Some("c")),
            })
        });
        let rows: Vec<u32> = stream.map_ok(|answer| answer.body.items).try_collect::<Vec<_>>().await.unwrap().concat();
        assert_eq!(rows, [1, 2, 3]);
    }

    #[tokio::test]
    async fn a_cursor_that_leads_nowhere_ends_the_list_with_an_error() {
        for cursor in [None, Some("same")] {
            let stream = follow(move |_| async move { Ok(page(&[1], true, cursor)) });
            pin_mut!(stream);
            let mut last = None;
            for _ in 0..3 {
                match stream.next().await {
                    Some(answer) => last = Some(answer),
                    None => break,
                }
            }
            assert_eq!(last.unwrap().unwrap_err().kind, ErrorKind::Malformed, "{cursor:?}");
        }
    }
}
