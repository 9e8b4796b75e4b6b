//! Files: what is exported is read back, what is applied leaves nothing to do.

use proptest::prelude::*;
use repoint::api::{
    Endpoint, EndpointId, Group, GroupId, GroupMetadata, GroupModel, Hierarchy, LimitEnforcement, LimitType, Provider,
    RateLimit, RateUnit, Region, Slug, Target, Time, Unknown,
};
use repoint::plan::desired::{self, Server};
use repoint::plan::document::{Document, DocumentError};
use repoint::plan::{Change, EndpointContent, Plan};

use super::{Bench, endpoint, new_target, slug, world};

fn group(number: usize, parent: Option<&str>, slugs: &[&str]) -> Group {
    let limit = RateLimit { kind: LimitType::Request, unit: RateUnit::Minute, threshold: 100, unknown: Unknown::new() };
    let models = slugs.iter().map(|slug| GroupModel {
        slug: Slug::from_wire(*slug),
        rate_limits: vec![limit.clone()],
        usage_limits: Vec::new(),
        unknown: Unknown::new(),
    });
    Group {
        id: GroupId::new(format!("grp{number}")),
        metadata: GroupMetadata {
            name: Some(format!("Customer {number}")),
            external_entity_id: format!("cust_{number}"),
            unknown: Unknown::new(),
        },
        models: models.collect(),
        effective_models: Vec::new(),
        hierarchy: Hierarchy {
            limit_enforcement: LimitEnforcement::Independent,
            parent_group_id: parent.map(GroupId::new),
        },
        created_at: Time::EPOCH,
        unknown: Unknown::new(),
    }
}

fn parse(text: &str) -> Document {
    Document::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn plan(document: &Document, endpoints: &[Endpoint], groups: &[Group], prunes: bool) -> Result<Vec<String>, String> {
    desired::plan(document, &Server { endpoints, groups: Some(groups) }, prunes)
        .map(|plan| plan.changes().iter().map(Change::title).collect())
        .map_err(|problems| problems.to_string())
}

#[test]
fn an_export_is_ordered_readable_and_without_ids() {
    let mut endpoints = vec![endpoint(2), endpoint(1)];
    endpoints[0].region = Some(Region::Eu);
    endpoints[1].targets = vec![Target::external(Provider::OpenAi, "sec_1", "gpt-4o")];
    let groups = [group(2, Some("grp1"), &["my-org/model-00002", "my-org/model-00001"]), group(1, None, &[])];
    insta::assert_snapshot!(Document::export(&endpoints, Some(&groups)).to_yaml().unwrap());
}

#[test]
fn a_file_that_is_wrong_says_where() {
    for (text, part) in [
        ("version: 1\nendpoints:\n  - slugg: a/b\n", "slugg"),
        ("version: 1\nendpoints: {\n", "line"),
        ("version: 7\n", "version 7"),
        ("", "end of input"),
        ("version: 1\nendpoints:\n  - slug: a/b\n    slug: a/c\n", "slug"),
    ] {
        let error = Document::parse(text).unwrap_err();
        assert!(error.to_string().contains(part), "{text:?}: {error}");
    }
    assert_eq!(Document::parse("version: 7\n"), Err(DocumentError::Version(7)));
}

#[test]
fn a_file_creates_changes_renames_and_prunes() {
    let endpoints = [endpoint(1), endpoint(2), endpoint(3)];
    let document = parse(
        "version: 1\n\
         endpoints:\n\
         - {slug: my-org/model-00001, target: {provider: BASETEN, model_id: new, environment_name: production}}\n\
         - {id: id00002, slug: my-org/renamed, target: {provider: BASETEN, model_id: old}}\n\
         - {slug: my-org/fresh, region: EU, target: {provider: XAI, secret_id: s, target_model: grok}}\n",
    );
    let wanted = [
        "re-point my-org/model-00001 to BASETEN new",
        "rename my-org/model-00002 to my-org/renamed",
        "create my-org/fresh routed to XAI grok",
    ];
    assert_eq!(plan(&document, &endpoints, &[], false).unwrap(), wanted);
    let pruned = plan(&document, &endpoints, &[group(1, None, &[])], true).unwrap();
    assert_eq!(pruned[..3], wanted);
    assert_eq!(pruned[3..], ["delete my-org/model-00003"], "a file without groups deletes none");
}

#[test]
fn every_problem_is_told_at_once() {
    let mut eu = endpoint(1);
    eu.region = Some(Region::Eu);
    let document = parse(
        "version: 1\n\
         endpoints:\n\
         - {slug: my-org/model-00001, target: {provider: BASETEN, model_id: old}}\n\
         - {slug: my-org/model-00001, target: {provider: BASETEN, model_id: old}}\n\
         - {id: nobody, slug: my-org/x, target: {provider: BASETEN, model_id: old}}\n\
         - {slug: 'no slug', target: {provider: BASETEN, model_id: old}}\n\
         - {slug: my-org/empty}\n\
         groups:\n\
         - {external_entity_id: cust_9, parent: nobody}\n",
    );
    let problems = plan(&document, &[eu], &[], false).unwrap_err();
    for part in ["region is EU", "twice", "no endpoint with the id nobody", "' '", "no target", "parent nobody"] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
}

#[test]
fn pruning_never_takes_a_group_that_the_file_keeps() {
    let groups = [group(1, None, &[]), group(2, Some("grp1"), &[])];
    let document = parse("version: 1\ngroups:\n- {external_entity_id: cust_2, name: Customer 2, parent: cust_1}\n");
    let problems = plan(&document, &[], &groups, true).unwrap_err();
    assert!(problems.contains("its parent cust_1 is not in the file"), "{problems}");
}

#[test]
fn fields_that_a_file_leaves_out_and_nobody_knows_are_kept() {
    let mut endpoint = endpoint(1);
    endpoint.targets[0].unknown.insert("speed".to_owned(), serde_json::json!({ "tier": 1 }));
    let same =
        parse("version: 1\nendpoints:\n- {slug: my-org/model-00001, target: {provider: BASETEN, model_id: old}}\n");
    assert_eq!(plan(&same, std::slice::from_ref(&endpoint), &[], false).unwrap(), Vec::<String>::new());
    let exported = Document::export(&[endpoint.clone()], None).to_yaml().unwrap();
    assert!(exported.contains("tier: 1"), "{exported}");
    assert_eq!(parse(&exported).endpoints.unwrap()[0].all_targets(), endpoint.targets);
}

#[tokio::test]
async fn a_file_with_groups_and_their_parents_is_applied_and_then_there_is_nothing_to_do() {
    let bench = Bench::new(world(2)).await;
    let document = parse(
        "version: 1\n\
         endpoints:\n\
         - {slug: my-org/model-00000, target: {provider: BASETEN, model_id: new}}\n\
         - {slug: my-org/fresh, target: {provider: BASETEN_MODEL_API, target_model: m}}\n\
         groups:\n\
         - {external_entity_id: child, parent: root, models: [{slug: my-org/fresh}]}\n\
         - external_entity_id: root\n\
         \x20 models: [{slug: my-org/fresh, rate_limits: [{type: REQUEST, unit: MINUTE, threshold: 5}]}]\n",
    );
    for prunes in [false, true] {
        let plan = bench.plan(&document, prunes);
        let report = bench.run(&plan).await;
        assert!(report.is_success(), "{report:?}");
        assert!(bench.plan(&document, prunes).is_empty());
    }
    let groups = bench.server.change(|world| world.groups.clone());
    assert_eq!(groups[1].hierarchy.parent_group_id.as_ref(), Some(&groups[0].id));
    assert_eq!(bench.server.endpoints().len(), 2);
}

impl Bench {
    fn plan(&self, document: &Document, prunes: bool) -> Plan {
        let (endpoints, groups) = self.server.change(|world| (world.endpoints.clone(), world.groups.clone()));
        desired::plan(document, &Server { endpoints: &endpoints, groups: Some(&groups) }, prunes).unwrap()
    }
}

/// Texts that YAML likes to take for something else.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        Just("123".to_owned()),
        Just("1e3".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("~".to_owned()),
        Just("no".to_owned()),
        Just("0x1F".to_owned()),
        Just("2026-01-01".to_owned()),
        Just("- a: b # c".to_owned()),
        Just("é 'quoted' \"twice\" \u{1f600}".to_owned()),
        "\\PC{1,12}",
    ]
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![
        (text(), prop::option::of(text())).prop_map(|(model, environment)| Target::baseten(
            model,
            environment.as_deref()
        )
        .normalized()),
        (text(), text()).prop_map(|(secret, model)| Target::external(Provider::Anthropic, secret, model)),
        (text(), text()).prop_map(|(name, value)| {
            let mut target = Target::new(Provider::Other("GROQ".to_owned()));
            target.unknown.insert(format!("x_{name}"), serde_json::json!({ "deep": [value, 1, 2.5, null, true] }));
            target
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_exported_is_read_back(targets in prop::collection::vec(target(), 1..5)) {
        let endpoints: Vec<Endpoint> = targets
            .into_iter()
            .enumerate()
            .map(|(number, target)| Endpoint { targets: vec![target], ..endpoint(number) })
            .collect();
        let text = Document::export(&endpoints, None).to_yaml().unwrap();
        let read = parse(&text);
        prop_assert_eq!(&read, &Document::export(&endpoints, None), "{}", text);
        let plan = desired::plan(&read, &Server { endpoints: &endpoints, groups: None }, true).unwrap();
        prop_assert!(plan.is_empty(), "{:?}\n{}", plan, text);
        prop_assert_eq!(read.to_yaml().unwrap(), text, "written again it is the same");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_plan_after_an_apply_is_empty(
        wanted in prop::collection::btree_map(0_usize..8, (0_usize..3, any::<bool>()), 0..8), prunes: bool,
    ) {
        let contents: Vec<Endpoint> = wanted
            .into_iter()
            .map(|(number, (model, is_new))| Endpoint {
                id: EndpointId::new("unused"),
                slug: slug(if is_new { 50 + number } else { number }),
                targets: vec![if model == 0 { new_target() } else { Target::baseten(format!("m{model}"), None) }],
                ..endpoint(number)
            })
            .collect();
        let document = Document::export(&contents, None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::new(world(5)).await;
            let report = bench.run(&bench.plan(&document, prunes)).await;
            assert!(report.is_success(), "{report:?}");
            assert!(bench.plan(&document, prunes).is_empty());
            if prunes {
                let mut have: Vec<_> = bench.server.endpoints().iter().map(EndpointContent::from).collect();
                have.sort_by(|a, b| a.slug.cmp(&b.slug));
                let mut want: Vec<_> = contents.iter().map(EndpointContent::from).collect();
                want.sort_by(|a, b| a.slug.cmp(&b.slug));
                assert_eq!(have, want);
            }
        });
    }
}
