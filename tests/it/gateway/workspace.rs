//! What the pickers ask for.

use repoint::api::{DeploymentStatus, Deployments, Environments, Models, Secret, Secrets, User};
use reqwest::Method;
use serde_json::json;

use crate::support::gateway::{TestGateway, send};

#[tokio::test]
async fn the_first_two_models_have_an_active_production_deployment() {
    let gateway = TestGateway::start().await;
    let models: Models = gateway.get("/v1/models").await.body();
    assert!(models.models.len() >= 6);
    for model in &models.models[..2] {
        let path = format!("/v1/models/{}/deployments", model.id);
        let deployments: Deployments = gateway.get(&path).await.body();
        let production = deployments.deployments.iter().find(|deployment| deployment.is_production).unwrap();
        assert_eq!(production.status, DeploymentStatus::Active);
        assert_eq!(model.production_deployment_id.as_ref(), Some(&production.id));
    }
}

#[tokio::test]
async fn some_environments_are_not_active() {
    let gateway = TestGateway::start().await;
    let models: Models = gateway.get("/v1/models").await.body();
    let (mut active, mut other) = (0, 0);
    for model in &models.models {
        let path = format!("/v1/models/{}/environments", model.id);
        let environments: Environments = gateway.get(&path).await.body();
        assert!(environments.environments.iter().any(|environment| environment.name == "production"));
        for environment in environments.environments {
            assert_eq!(environment.model_id, model.id);
            match environment.current_deployment.map(|deployment| deployment.status) {
                Some(DeploymentStatus::Active) => active += 1,
                _ => other += 1,
            }
        }
    }
    assert!(active >= 6 && other >= 4, "{active} {other}");
}

#[tokio::test]
async fn answers_have_every_field_that_the_specification_requires() {
    let gateway = TestGateway::start().await;
    let has = |value: &serde_json::Value, names: &[&str]| {
        for name in names {
            assert!(value.get(name).is_some(), "{name} is missing in {value}");
        }
    };
    let model = gateway.get("/v1/models/3kZ9xqd").await.json();
    has(&model, &["id", "created_at", "name", "deployments_count", "production_deployment_id"]);
    has(&model, &["development_deployment_id", "instance_type_name", "team_name"]);
    let environment = gateway.get("/v1/models/3kZ9xqd/environments").await.json()["environments"][0].clone();
    has(&environment, &["name", "created_at", "model_id", "current_deployment", "autoscaling_settings"]);
    has(&environment, &["promotion_settings", "instance_type", "request_backpressure_settings"]);
    let deployment = gateway.get("/v1/models/3kZ9xqd/deployments").await.json()["deployments"][0].clone();
    has(&deployment, &["id", "created_at", "name", "model_id", "is_production", "is_development", "status"]);
    has(&deployment, &["active_replica_count", "autoscaling_settings", "instance_type_name", "environment"]);
}

#[tokio::test]
async fn lists_are_narrowed_by_name_and_unknown_models_are_404() {
    let gateway = TestGateway::start().await;
    let models: Models = gateway.get("/v1/models?name=glm-5.2-air").await.body();
    assert_eq!(models.models.len(), 1);
    for path in ["/v1/models/nope", "/v1/models/nope/environments", "/v1/models/nope/deployments"] {
        gateway.get(path).await.is_error(404, "NOT_FOUND", "model nope");
    }
}

#[tokio::test]
async fn a_secret_is_made_rotated_and_deleted_and_never_told() {
    let gateway = TestGateway::start().await;
    let made: Secret = gateway.post("/v1/secrets", &json!({"name": "new_key", "value": "canary-1"})).await.body();
    let rotated = gateway.post("/v1/secrets", &json!({"name": "new_key", "value": "canary-2"})).await;
    assert_eq!(rotated.body::<Secret>(), made, "the id stays");
    assert!(!rotated.text.contains("canary"));
    let secrets = gateway.get("/v1/secrets").await;
    assert!(!secrets.text.contains("canary"));
    assert!(secrets.body::<Secrets>().secrets.contains(&made));
    let gone = gateway.delete("/v1/secrets/new_key").await;
    assert_eq!((gone.status.as_u16(), gone.json()), (200, json!({"name": "new_key"})));
    gateway.delete("/v1/secrets/new_key").await.is_error(404, "NOT_FOUND", "new_key");
    for (body, part) in [
        (json!({"value": "v"}), "name is required"),
        (json!({"name": "n"}), "value is required"),
        (json!({"name": "", "value": "v"}), "name"),
        (json!({"name": "a\nb", "value": "v"}), "name"),
        (json!({"name": "n", "value": ""}), "value"),
        (json!({"name": "n", "value": 5}), "value must be a string"),
    ] {
        gateway.post("/v1/secrets", &body).await.is_error(400, "VALIDATION_ERROR", part);
    }
}

#[tokio::test]
async fn who_am_i_is_a_cheap_check_of_a_key() {
    let gateway = TestGateway::start().await;
    let user: User = gateway.get("/v1/users/me").await.body();
    assert_eq!(user.workspace_name.as_deref(), Some("local"));
    assert_eq!(send(gateway.bare(Method::GET, "/v1/users/me")).await.status, 401);
}
