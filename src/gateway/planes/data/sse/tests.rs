use proptest::prelude::*;

use super::super::heard::Ending;
use super::*;

fn stream(usage_is_hidden: bool) -> Stream {
    Stream::new(Rewrite { slug: b"\"a/b\"".to_vec(), usage_is_hidden })
}

fn run_in(stream: &mut Stream, pieces: &[&[u8]]) -> (String, Heard) {
    let mut heard = Heard::default();
    let mut out: Vec<u8> = pieces.iter().flat_map(|piece| stream.pass(piece, &mut heard)).collect();
    out.extend(stream.finish(&mut heard));
    (String::from_utf8_lossy(&out).into_owned(), heard)
}

fn run(usage_is_hidden: bool, text: &str) -> (String, Heard) {
    run_in(&mut stream(usage_is_hidden), &[text.as_bytes()])
}

fn tokens(heard: &Heard) -> (u64, u64) {
    let tokens = heard.charge(0, true).tokens;
    (tokens.input_tokens, tokens.output_tokens)
}

const CHAT: &str = concat!(
    ": hello\n\n",
    "id: 1\nevent: message\ndata: {\"model\":\"glm\",\"choices\":[{\"delta\":{\"content\":\"é\"}}],\"usage\":null}\n\n",
    "data:{\"choices\":[{\"finish_reason\":\"stop\"}],\"model\":\"glm\"}\r\n\r\n",
    "id: 2\ndata: {\"model\":\"glm\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\nretry: 5\n\n",
    "data: {\"model\":\ndata:  \"glm\",\ndata: \"choices\":[{}]}\n\n",
    "data: [DONE]\n\n",
);
const HIDDEN: &str = concat!(
    ": hello\n\n",
    "id: 1\nevent: message\ndata: {\"model\":\"a/b\",\"choices\":[{\"delta\":{\"content\":\"é\"}}]}\n\n",
    "data:{\"choices\":[{\"finish_reason\":\"stop\"}],\"model\":\"a/b\"}\r\n\r\n",
    "data: {\"model\":\ndata:  \"a/b\",\ndata: \"choices\":[{}]}\n\n",
    "data: [DONE]\n\n",
);

#[test]
fn every_chunk_has_the_slug() {
    let (out, heard) = run(false, CHAT);
    assert_eq!(out, CHAT.replace("\"glm\"", "\"a/b\""));
    assert_eq!((heard.ending(), tokens(&heard)), (Ending::Whole, (3, 2)));
}

#[test]
fn a_whole_event_goes_on_at_once() {
    let (mut stream, mut heard) = (stream(false), Heard::default());
    assert_eq!(stream.pass(b"data: {\"model\":\"x\"}\n\nda", &mut heard), "data: {\"model\":\"a/b\"}\n\n");
    assert_eq!(stream.pass(b"ta: 1", &mut heard), "");
    assert_eq!(stream.pass(b"\n", &mut heard), "data: 1\n");
}

#[test]
fn a_byte_order_mark_at_the_beginning_hides_nothing() {
    for hidden in [false, true] {
        let (out, heard) = run(hidden, "\u{feff}data: {\"model\":\"x\",\"usage\":{\"prompt_tokens\":3}}\n\n");
        let usage = if hidden { "" } else { ",\"usage\":{\"prompt_tokens\":3}" };
        assert_eq!(out, format!("\u{feff}data: {{\"model\":\"a/b\"{usage}}}\n\n"));
        assert_eq!(tokens(&heard), (3, 0));
    }
}

#[test]
fn a_large_event_is_renamed_and_counted_and_grows_no_memory() {
    for (before, after, renamed) in [
        ("data: {\"model\":\"x\",\"text\":\"", "\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n", true),
        (
            "data: {\"type\":\"response.completed\",\"response\":{\"text\":\"",
            "\",\"model\":\"x\",\"usage\":{\"input_tokens\":3,\"output_tokens\":4}}}\n\n",
            true,
        ),
        (
            "data: {\"text\":\ndata: \"",
            "\",\ndata: \"model\":\"x\",\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
            true,
        ),
        (
            "data: {\"choices\":[{\"model\":\"x\",\"delta\":{\"content\":\"",
            "\\\"\"}}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n",
            false,
        ),
    ] {
        for hidden in [false, true] {
            let (mut stream, mut heard) = (stream(hidden), Heard::default());
            let mut passed = stream.pass(before.as_bytes(), &mut heard).to_vec();
            for _ in 0..40 {
                passed.extend(stream.pass(&vec![b'x'; 64 * 1024], &mut heard));
                assert!(stream.line.len() + stream.open.len() <= HELD_BYTES_MAX + 64 * 1024);
            }
            passed.extend(stream.pass(after.as_bytes(), &mut heard));
            passed.extend(stream.pass(b"data: {\"model\":\"y\"}\n\n", &mut heard));
            let text = "x".repeat(40 * 64 * 1024);
            let mut wanted = format!("{before}{text}{after}data: {{\"model\":\"a/b\"}}\n\n");
            if renamed {
                wanted = wanted.replace("\"model\":\"x\"", "\"model\":\"a/b\"");
            }
            if hidden {
                let start = wanted.find("\"usage\":").unwrap() + 8;
                let end = start + wanted[start..].find('}').unwrap() + 1;
                wanted.replace_range(start..end, "null");
            }
            assert!(String::from_utf8(passed).unwrap() == wanted, "{before}");
            assert_eq!(tokens(&heard), (3, 4));
            assert_eq!(heard.ending() == Ending::Whole, before.contains("completed"));
        }
    }
}

#[test]
fn a_large_line_that_is_no_data_passes() {
    let text = format!(": {}\nid: {}\ndata: {{\"model\":\"x\"}}\n\n", "c".repeat(2 << 20), "i".repeat(2 << 20));
    for hidden in [false, true] {
        let mut stream = stream(hidden);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(100_000).collect();
        assert!(run_in(&mut stream, &pieces).0 == text.replace("\"x\"", "\"a/b\""));
    }
}

#[test]
fn a_large_event_may_tell_of_an_error() {
    let text = format!("data: {{\"error\":{{\"message\":\"{}\"}}}}\n\n", "x".repeat(2 << 20));
    let mut stream = stream(false);
    let pieces: Vec<&[u8]> = text.as_bytes().chunks(100_000).collect();
    assert_eq!(run_in(&mut stream, &pieces).1.ending(), Ending::Failed);
}

#[test]
fn a_left_out_event_takes_all_its_lines_along() {
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1}}";
    for end in ["\n", "\r\n", "\r"] {
        for event in [usage.to_owned(), format!("id: 3{end}event: x{end}{usage}{end}retry: 4")] {
            let text = format!("data: 1{end}{end}{event}{end}{end}id: 4{end}data: 2{end}{end}");
            assert_eq!(run(true, &text).0, format!("data: 1{end}{end}id: 4{end}data: 2{end}{end}"));
        }
    }
}

#[test]
fn the_gateways_own_asking_leaves_no_trace() {
    let text = "data: {\"id\":\"c\",\"system_fingerprint\":\"fp\",\"choices\":[{\"delta\":{\"content\":\"hi\"}}]}\n\n";
    let finish = "data: {\"id\":\"c\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    let done = "data: [DONE]\n\n";
    let usage = "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}";
    for (chunk, last) in [
        // OpenAI: what every chunk had is no loss.
        (format!("data: {{\"id\":\"c\",\"system_fingerprint\":\"fp\",\"choices\":[],{usage}}}\n\n"), finish.to_owned()),
        // LiteLLM: an empty delta.
        (format!("data: {{\"id\":\"c\",\"choices\":[{{\"index\":0,\"delta\":{{}}}}],{usage}}}\n\n"), finish.to_owned()),
        // llama.cpp: members that would have come with the last chunk.
        (
            format!("data: {{\"choices\":[],{usage},\"timings\":{{\"prompt_n\":3}},\"citations\":[\"a\"]}}\n\n"),
            finish.replace("}\n\n", ",\"timings\":{\"prompt_n\":3},\"citations\":[\"a\"]}\n\n"),
        ),
        // transformers serve: usage on the last chunk itself.
        (String::new(), finish.to_owned()),
    ] {
        let sent_finish =
            if chunk.is_empty() { finish.replace("}\n\n", &format!(",{usage}}}\n\n")) } else { finish.to_owned() };
        let (out, heard) = run(true, &format!("{text}{sent_finish}{chunk}{done}"));
        assert_eq!(out, format!("{text}{last}{done}"));
        assert_eq!(tokens(&heard), (3, 2));
        assert_eq!(
            run(false, &format!("{text}{sent_finish}{chunk}{done}")).0,
            format!("{text}{sent_finish}{chunk}{done}")
        );
    }
}

#[test]
fn members_that_come_too_late_to_be_taken_along_are_not_lost() {
    let (mut stream, mut heard) = (stream(true), Heard::default());
    let finish = b"data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
    assert_eq!(stream.pass(finish, &mut heard), "");
    assert_eq!(stream.release(), &finish[..]);
    let usage = b"data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3},\"timings\":{\"prompt_n\":3}}\n\n";
    assert_eq!(stream.pass(usage, &mut heard), "data: {\"choices\":[],\"timings\":{\"prompt_n\":3}}\n\n");
    let again = b"data: {\"id\":\"c\",\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n";
    assert_eq!(stream.pass(again, &mut heard), "");
}

#[test]
fn usage_of_each_choice_adds_up_and_of_all_choices_does_not() {
    let chunk = |output: u64| {
        format!(
            "data: {{\"choices\":[],\"usage\":{{\"prompt_tokens\":10,\"completion_tokens\":{output},\"total_tokens\":{}}}}}\n\n",
            10 + output
        )
    };
    let each = format!("{}{}", chunk(4), chunk(6));
    for (asked, text, wanted) in [(2, each.clone(), (10, 10)), (2, chunk(10), (10, 10)), (1, each, (10, 6))] {
        for hidden in [false, true] {
            let (mut stream, mut heard) = (stream(hidden), Heard::of_choices(asked));
            let out = stream.pass(text.as_bytes(), &mut heard);
            assert_eq!((tokens(&heard), out.is_empty()), (wanted, hidden));
        }
    }
}

#[test]
fn a_stream_is_whole_once_every_choice_said_why_it_ended() {
    let chunk = |index: u32, reason: &str| {
        format!("data: {{\"choices\":[{{\"index\":{index},\"finish_reason\":{reason}}}]}}\n\n")
    };
    for (asked, text, ending) in [
        (0, chunk(0, "\"stop\""), Ending::Whole),
        (0, chunk(0, "null"), Ending::Unfinished),
        (2, chunk(1, "\"stop\""), Ending::Unfinished),
        (2, format!("{0}{0}", chunk(1, "\"stop\"")), Ending::Unfinished),
        (2, format!("{}{}", chunk(1, "\"stop\""), chunk(0, "\"length\"")), Ending::Whole),
        (0, String::new(), Ending::Empty),
        (0, ": ping\n\n: ping\n\n".to_owned(), Ending::Empty),
        (0, format!("{}event: error\ndata: x\n\n", chunk(0, "\"stop\"")), Ending::Failed),
        (0, "data: {\"error\":{\"message\":\"x\"}}\n\ndata: [DONE]\n\n".to_owned(), Ending::Failed),
        (0, "event: message_start\ndata: {\"type\":\"message_start\"}\n\n".to_owned(), Ending::Unfinished),
        (0, "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".to_owned(), Ending::Whole),
    ] {
        let mut heard = Heard::of_choices(asked);
        stream(false).pass(text.as_bytes(), &mut heard);
        assert_eq!(heard.ending(), ending, "{text}");
    }
}

fn cut_at(text: &str, mut cuts: Vec<usize>) -> Vec<&[u8]> {
    cuts.push(text.len());
    cuts.sort_unstable();
    let mut from = 0;
    cuts.iter()
        .map(|cut| {
            let cut = text.len().min(*cut);
            let piece = &text.as_bytes()[from.min(cut)..cut];
            from = cut;
            piece
        })
        .collect()
}

proptest! {
    #[test]
    fn no_chunking_changes_what_passes(cuts in proptest::collection::vec(0..CHAT.len(), 0..12), end in 0..3_usize) {
        let end = ["\n", "\r\n", "\r"][end];
        let text = CHAT.replace("\r\n", "\n").replace('\n', end);
        let hidden = HIDDEN.replace("\r\n", "\n").replace('\n', end);
        let (out, heard) = run_in(&mut stream(true), &cut_at(&text, cuts.clone()));
        prop_assert_eq!(out, hidden);
        prop_assert_eq!((heard.ending(), tokens(&heard)), (Ending::Whole, (3, 2)));
        let (out, _) = run_in(&mut stream(false), &cut_at(&text, cuts));
        prop_assert_eq!(out, text.replace("\"glm\"", "\"a/b\""));
    }

    #[test]
    fn any_bytes_pass_whole(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 0..200_usize, hidden: bool) {
        let (cut, mut heard) = (cut.min(bytes.len()), Heard::default());
        let mut stream = stream(hidden);
        let mut out = stream.pass(&bytes[..cut], &mut heard).to_vec();
        out.extend(stream.pass(&bytes[cut..], &mut heard));
        out.extend(stream.finish(&mut heard));
        prop_assert_eq!(out, bytes);
    }

    /// Lines of every kind in every order: nothing but the models' names changes where nothing is hidden.
    #[test]
    fn any_lines_pass_whole(
        lines in proptest::collection::vec(
            prop::sample::select(vec![
                "", "", ": c", "id: 1", "event: x", "data: {\"a\":1}", "data: 7", "data:", "data: {", "data: \"b\":", "data", "x",
                "data: {\"choices\":[{\"finish_reason\":\"stop\"}]}",
            ]),
            0..16,
        ),
        cut in 0..200_usize,
        hidden: bool,
    ) {
        let text = lines.join("\n");
        let (cut, mut heard) = (cut.min(text.len()), Heard::default());
        let mut stream = stream(hidden);
        let mut out = stream.pass(&text.as_bytes()[..cut], &mut heard).to_vec();
        out.extend(stream.release());
        out.extend(stream.pass(&text.as_bytes()[cut..], &mut heard));
        out.extend(stream.finish(&mut heard));
        prop_assert_eq!(String::from_utf8(out).unwrap(), text);
    }

    /// However a large text is cut, it passes as it does when it is held.
    #[test]
    fn what_is_too_large_is_rewritten_as_what_is_held(
        members in proptest::collection::vec(
            prop::sample::select(vec![
                "\"model\":\"x\"", "\"model\" : 1", "\"a\":[1,{\"model\":\"x\"},\"]\"]", "\"b\\\"\":-1.5e3", "\"c\":\"\\\\\"",
                "\"message\":{\"model\":\"x\",\"usage\":{\"output_tokens\":4}}", "\"usage\":{\"prompt_tokens\":3,\"x\":{\"y\":[]}}",
                "\"type\":\"message_stop\"", "\"error\":null", "\"choices\":[{\"delta\":{\"content\":\"hi\"}}]", "\"d\":null",
            ]),
            0..8,
        ),
        cuts in proptest::collection::vec(0..300_usize, 0..8),
    ) {
        let text = format!("{{{}}}", members.join(" , "));
        let rewrite = Rewrite { slug: b"\"a/b\"".to_vec(), usage_is_hidden: false };
        let (mut facts, mut held) = (Facts::default(), Vec::new());
        prop_assert!(rewrite.apply(text.as_bytes(), &mut facts, &mut held));
        let (mut skim, mut passed, mut heard) = (Skim::default(), Vec::new(), Heard::default());
        for piece in cut_at(&text, cuts) {
            skim.pass(piece, &rewrite, &mut passed);
        }
        skim.finish(&mut heard);
        prop_assert_eq!(String::from_utf8(passed).unwrap(), String::from_utf8(held).unwrap());
        let mut wanted = Heard::default();
        wanted.tell(&facts.usage);
        prop_assert_eq!((tokens(&heard).0, heard.is_over()), (tokens(&wanted).0, facts.is_last));
    }
}
