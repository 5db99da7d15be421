//! How long things are kept: wishing it, by page and by API, and what becomes of what is over.

use dialnexa::{
    access::permission::View,
    domain::calls::{self, Call, Speaker, Turn, recording, retention},
    values::CallId,
};
use diesel::{PgConnection, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Integer};
use reqwest::StatusCode;
use serde_json::json;
use std::path::PathBuf;
use time::Duration;

use crate::{
    calls::{call, enter, scope},
    client::answer,
    telephony::{Telephony, answered_number},
    world::World,
};

fn turns() -> Vec<Turn> {
    vec![Turn { speaker: Speaker::Caller, at: 1, text: "नमस्ते".into(), language: "hi".into() }]
}

/// Enters a call of so many days ago, with its transcript and its recording.
async fn kept(world: &World, days: i64) -> CallId {
    let call = Call { recording_bytes: Some(4), ..call(Duration::days(days)) };
    let id = call.id;
    enter(world, vec![(call, turns())]).await;
    put(world, id);
    id
}

fn object(world: &World, id: CallId) -> PathBuf {
    let tenant = world.northwind;
    let key = recording::key(tenant.organization, tenant.sub_account.into(), id);
    world.data_dir.join("objects/india").join(key)
}

/// Puts a recording into the store, whether a call knows of it or not.
fn put(world: &World, id: CallId) {
    let path = object(world, id);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, b"RIFF").unwrap();
}

fn count(connection: &mut PgConnection, query: &str) -> i32 {
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = Integer)]
        n: i32,
    }
    sql_query(format!("SELECT ({query})::integer AS n")).get_result::<Counted>(connection).unwrap().n
}

/// Makes every account due anew, as a change of what it wishes does, and waits until each was served.
async fn served(world: &World) {
    world.force(
        "UPDATE accounts
         SET retention_due_at = now() - interval '1 second', retention_claimed_until = NULL
         WHERE retention_due_at IS NOT NULL",
    );
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while world.count("SELECT count(*) FROM accounts WHERE retention_due_at <= now()") > 0 {
        assert!(tokio::time::Instant::now() < end, "what is over is not deleted");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Whether the database still knows a recording or a transcript of a call. The object in the store
/// goes before its row, so the two may differ while work is at it.
async fn is_kept(world: &World, id: CallId) -> bool {
    scope::<View>(world)
        .read_region(move |tx| {
            Ok(calls::get(tx, id)?.recording_bytes.is_some() || !calls::transcript(tx, id)?.is_empty())
        })
        .await
        .unwrap()
}

/// Whether a call's recording and transcript are there, in the store and in the database.
async fn has(world: &World, id: CallId) -> (bool, bool) {
    let (call, turns) = scope::<View>(world)
        .read_region(move |tx| Ok((calls::get(tx, id)?, calls::transcript(tx, id)?)))
        .await
        .unwrap();
    assert_eq!(call.recording_bytes.is_some(), object(world, id).exists(), "{id}: row and store agree");
    (call.recording_bytes.is_some(), !turns.is_empty())
}

#[actix_web::test]
async fn what_is_over_goes_and_the_rest_stays() {
    let world = World::new().await;
    let (fresh, recent) = (kept(&world, 0).await, kept(&world, 89).await);
    let (over, old) = (kept(&world, 91).await, kept(&world, 364).await);
    let older = kept(&world, 366).await;
    // Calls of a neighbour are its own matter.
    let neighbour = world.sub_account(world.northwind.organization, world.northwind.owner, "Next").await;
    world.force(&format!(
        "UPDATE accounts SET recording_days = NULL, transcript_days = 30 WHERE account_id = '{}'",
        neighbour.uuid()
    ));
    served(&world).await;
    assert_eq!(has(&world, fresh).await, (true, true));
    assert_eq!(has(&world, recent).await, (true, true));
    assert_eq!(has(&world, over).await, (false, true));
    assert_eq!(has(&world, old).await, (false, true));
    assert_eq!(has(&world, older).await, (false, false));

    world.force("UPDATE accounts SET recording_days = 30, transcript_days = 90");
    served(&world).await;
    assert_eq!(has(&world, fresh).await, (true, true));
    assert_eq!(has(&world, recent).await, (false, true));
    assert_eq!(has(&world, over).await, (false, false));

    world.force("UPDATE accounts SET recording_days = NULL");
    served(&world).await;
    assert_eq!(has(&world, fresh).await, (false, true), "off: none is kept");
}

#[actix_web::test]
async fn what_a_kill_left_halfway_is_taken_up_again() {
    let world = World::new().await;
    // Killed after the object went and before its call forgot it.
    let gone = kept(&world, 100).await;
    std::fs::remove_file(object(&world, gone)).unwrap();
    // Killed after a recording was put and before its call knew of it, then and now.
    let (stray, young) = (call(Duration::days(95)), call(Duration::days(1)));
    let (stray_id, young_id) = (stray.id, young.id);
    enter(&world, vec![(stray, Vec::new()), (young, Vec::new())]).await;
    put(&world, stray_id);
    put(&world, young_id);
    // Even the call is gone.
    let lost = CallId::at(time::OffsetDateTime::now_utc() - Duration::days(500));
    put(&world, lost);
    let beside = object(&world, lost).with_file_name("notes.txt");
    std::fs::write(&beside, "not a recording").unwrap();
    // Somebody took the account and never came back.
    world.force("UPDATE accounts SET retention_claimed_until = now() - interval '1 second'");
    served(&world).await;
    assert_eq!(has(&world, gone).await, (false, true));
    assert!(!object(&world, stray_id).exists() && !object(&world, lost).exists());
    assert!(object(&world, young_id).exists(), "it may be noted yet");
    assert!(beside.exists(), "only recordings are deleted");
    // Again, with nothing left to do.
    served(&world).await;
    // Whoever is at it is left alone.
    let claimed = format!(
        "UPDATE accounts SET retention_due_at = now() - interval '1 second',
         retention_claimed_until = now() + interval '1 minute' WHERE account_id = '{}'",
        world.northwind.sub_account.uuid()
    );
    world.force(&claimed);
    let claim = || world.access.gate(None, retention::sweep::claim);
    assert_eq!(claim().await.unwrap(), None);
}

#[actix_web::test]
async fn many_go_in_small_steps_and_two_at_once_do_it_once() {
    let world = World::new().await;
    let made: Vec<_> =
        (0..1_203).map(|at| (call(Duration::days(100) + Duration::minutes(at)), turns())).collect();
    let made: Vec<_> =
        made.into_iter().map(|(call, turns)| (Call { recording_bytes: Some(4), ..call }, turns)).collect();
    for (call, _) in &made {
        put(&world, call.id);
    }
    enter(&world, made).await;
    world.force("UPDATE accounts SET transcript_days = 30");
    let (_, _beside) = world.beside();
    served(&world).await;
    let mut region = world.region("india");
    assert_eq!(count(&mut region, "SELECT count(*) FROM calls WHERE recording_bytes IS NOT NULL"), 0);
    assert_eq!(
        count(&mut region, "SELECT count(*) FROM calls WHERE recording_deleted_at IS NOT NULL"),
        1_203
    );
    assert_eq!(count(&mut region, "SELECT count(*) FROM transcripts"), 0);
    let folder = object(&world, CallId::new());
    let left = std::fs::read_dir(folder.parent().unwrap()).map_or(0, Iterator::count);
    assert_eq!(left, 0);
}

#[actix_web::test]
async fn a_deleted_account_is_never_looked_at_again() {
    let world = World::new().await;
    let tenant = world.northwind;
    let id = tenant.sub_account.uuid();
    world.force(&format!("UPDATE accounts SET recording_days = 30 WHERE account_id = '{id}'"));
    world
        .parent_client(&tenant)
        .await
        .delete(&format!("/sub-accounts/{}", tenant.sub_account))
        .await
        .expect(202);
    served(&world).await;
    let left = format!(
        "SELECT count(*) FROM accounts WHERE account_id = '{id}' AND retention_due_at IS NULL
         AND recording_days = 90"
    );
    assert_eq!(world.count(&left), 1);
}

#[actix_web::test]
async fn months_are_made_and_dropped() {
    let world = World::new().await;
    let mut region = world.region("india");
    let parts = |region: &mut PgConnection, name: &str| {
        count(
            region,
            &format!(
                "SELECT count(*) FROM pg_class WHERE relname ~ '{name}' AND relispartition AND relkind = 'r'"
            ),
        )
    };
    let keep = |world: &World| {
        let access = world.access.clone();
        async move { access.gate_of_each_region(retention::sweep::months).await }
    };
    // Whoever owns the tables need not be above policies.
    let owner = format!("plain_{}", std::process::id());
    region
        .batch_execute(&format!(
            "CREATE ROLE {owner} NOSUPERUSER NOBYPASSRLS;
             GRANT USAGE, CREATE ON SCHEMA public TO {owner};
             DO $$ DECLARE one record; BEGIN
                FOR one IN SELECT oid::regclass AS name FROM pg_class
                    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') LOOP
                    EXECUTE format('ALTER TABLE %s OWNER TO {owner}', one.name);
                END LOOP;
                FOR one IN SELECT oid::regprocedure AS name FROM pg_proc
                    WHERE pronamespace = 'public'::regnamespace LOOP
                    EXECUTE format('ALTER ROUTINE %s OWNER TO {owner}', one.name);
                END LOOP;
             END $$"
        ))
        .unwrap();
    keep(&world).await.unwrap();
    assert_eq!(keep(&world).await.unwrap(), 0, "what is done is done");
    // As after a year without migrations: nothing is prepared, and calls came in all the same.
    region
        .batch_execute(
            "DO $$ DECLARE part record; BEGIN
                FOR part IN SELECT relname FROM pg_class
                    WHERE relname ~ '^calls_[0-9]{4}_[0-9]{2}$' AND relkind = 'r' LOOP
                    EXECUTE format('DROP TABLE %I', part.relname);
                END LOOP;
             END $$",
        )
        .unwrap();
    let (now, year, older) = (kept(&world, 0).await, kept(&world, 300).await, kept(&world, 420).await);
    assert_eq!(count(&mut region, "SELECT count(*) FROM calls_default"), 3);
    assert!(keep(&world).await.unwrap() >= 5, "four months and one of the past");
    assert_eq!(count(&mut region, "SELECT count(*) FROM calls_default"), 0);
    let reader = scope::<View>(&world);
    let is_there = async |id: CallId| reader.read_region(move |tx| calls::get(tx, id)).await.is_ok();
    assert!(is_there(now).await && is_there(year).await, "calls are read where they lie now");
    assert!(!is_there(older).await, "what is older than 365 days is gone");
    assert_eq!(parts(&mut region, "^calls_[0-9]{4}_[0-9]{2}$"), 5);
    let unlocked = "SELECT count(*) FROM pg_class WHERE relname ~ '^calls(_|$)' AND relkind IN ('r', 'p')
                    AND NOT (relrowsecurity AND relforcerowsecurity)";
    assert_eq!(count(&mut region, unlocked), 0);
    let bare =
        "SELECT count(*) FROM pg_class c WHERE c.relname ~ '^calls_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'
                AND (SELECT count(*) FROM pg_index WHERE indrelid = c.oid)
                 <> (SELECT count(*) FROM pg_index WHERE indrelid = 'calls'::regclass)";
    assert_eq!(count(&mut region, bare), 0, "each month has the indexes of all");
    // A new call lands in its month, not in the default one.
    kept(&world, 0).await;
    assert_eq!(count(&mut region, "SELECT count(*) FROM calls_default"), 0);

    // A month that ended long ago goes with its calls, whole.
    region
        .batch_execute(&format!(
            "SET ROLE {owner};
             CALL ensure_call_partitions(now() - interval '14 months', now() - interval '13 months');
             RESET ROLE"
        ))
        .unwrap();
    let gone = kept(&world, 410).await;
    assert!(is_there(gone).await);
    assert!(keep(&world).await.unwrap() >= 1);
    assert!(!is_there(gone).await && is_there(year).await);
    assert_eq!(keep(&world).await.unwrap(), 0);

    // It waits for nobody for long: whoever reads is not held up behind it.
    region
        .batch_execute(&format!(
            "SET ROLE {owner};
             CALL ensure_call_partitions(now() - interval '14 months', now() - interval '13 months');
             RESET ROLE; BEGIN; SELECT count(*) FROM calls;"
        ))
        .unwrap();
    let refused = keep(&world).await;
    assert!(matches!(refused, Err(dialnexa::error::Error::Busy)), "{refused:?}");
    region.batch_execute("COMMIT").unwrap();
    assert!(keep(&world).await.unwrap() >= 1);
}

#[actix_web::test]
async fn an_admin_shortens_what_is_kept_after_seeing_what_goes() {
    let world = World::new().await;
    let (young, old) = (kept(&world, 5).await, kept(&world, 60).await);
    let path = format!("/accounts/{}/retention", world.northwind.sub_account);
    let browser = world.browser().signed_in("owner@acme.example").await;
    assert_eq!(world.browser().signed_in("viewer@acme.example").await.get(&path).await.status.as_u16(), 403);

    let page = browser.get(&path).await;
    assert!(page.body.contains(&format!("href=\"{path}\"")), "it stands in the navigation");
    let mut form = page.form(&path);
    assert_eq!(form.fields["recordings"], "keep");
    assert_eq!(
        (form.fields["recording_days"].as_str(), form.fields["transcript_days"].as_str()),
        ("90", "365")
    );
    form.fields.insert("recording_days".into(), "3".into());
    form.fields.insert("transcript_days".into(), "soon".into());
    let page = browser.submit(&form).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.has("Enter 7 to 90 days.") && page.has("Enter 30 to 365 days."));
    assert_eq!((page.input("recording_days"), page.input("transcript_days")), ("3".into(), "soon".into()));

    let mut form = page.form(&path);
    form.fields.insert("recording_days".into(), " 30 ".into());
    form.fields.insert("transcript_days".into(), "40".into());
    let page = browser.submit(&form).await;
    assert!(page.has("1 recording is older than 30 days") && page.has("1 transcript is older than 40 days"));
    assert_eq!(has(&world, old).await, (true, true), "nothing is changed by looking");

    let mut save = page.form(&path);
    save.fields.insert("step".into(), "save".into());
    assert!(browser.submit(&save).await.location().ends_with("?done=retention"));
    assert!(browser.submit(&save).await.location().ends_with("?done=retention"), "sent twice, done once");
    let told = "SELECT count(*) FROM audit_entries WHERE action = 'retention.changed'
                AND details = '{\"before\": {\"recording_days\": 90, \"transcript_days\": 365},
                                \"after\": {\"recording_days\": 30, \"transcript_days\": 40}}'";
    assert_eq!(world.count(told), 1);
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while is_kept(&world, old).await {
        assert!(tokio::time::Instant::now() < end, "it acts at once");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(has(&world, old).await, (false, false));
    assert_eq!(has(&world, young).await, (true, true));
    let shown = browser.get(&format!("/accounts/{}/calls/{old}", world.northwind.sub_account)).await;
    assert!(shown.has("The recording was deleted on"), "{}", shown.text());
}

#[actix_web::test]
async fn an_editor_that_somebody_overtook_is_told_so() {
    let world = World::new().await;
    let path = format!("/accounts/{}/retention", world.northwind.sub_account);
    let browser = world.browser().signed_in("owner@acme.example").await;
    let mut form = browser.get(&path).await.form(&path);
    form.fields.insert("recordings".into(), "off".into());
    let mut save = browser.submit(&form).await.form(&path);
    let program = world.sub_account_client(&world.northwind, world.northwind.sub_account).await;
    program.put("/retention", json!({ "recording_days": 45, "transcript_days": 365 })).await.expect(200);
    save.fields.insert("step".into(), "save".into());
    let page = browser.submit(&save).await;
    assert_eq!(page.status, StatusCode::CONFLICT);
    assert!(page.has("Sub-account changed this while you were editing: recordings are kept for 45 days"));
    let mut form = page.form(&path);
    assert_eq!(form.fields["recordings"], "off", "the wish is kept");
    form.fields.insert("step".into(), "review".into());
    let mut save = browser.submit(&form).await.form(&path);
    save.fields.insert("step".into(), "save".into());
    assert!(browser.submit(&save).await.location().ends_with("?done=retention"));
    assert_eq!(program.get("/retention").await.json()["recording_days"], json!(null));
    let off = scope::<View>(&world).read(retention::keeps_recordings).await.unwrap();
    assert!(!off);
}

#[actix_web::test]
async fn programs_read_and_change_it_in_their_own_account() {
    let world = World::new().await;
    let tenant = world.northwind;
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let parent = world.parent_client(&tenant).await;
    let beneath = format!("/sub-accounts/{}/retention", tenant.sub_account);
    let read = own.get("/retention").await;
    assert_eq!(
        read.expect(200),
        json!({ "recording_days": 90, "transcript_days": 365, "call_record_days": 365 })
    );
    for wrong in [
        json!({ "recording_days": 6, "transcript_days": 365 }),
        json!({ "recording_days": 91, "transcript_days": 365 }),
        json!({ "recording_days": 90, "transcript_days": 29 }),
        json!({ "recording_days": 90, "transcript_days": null }),
        json!({ "transcript_days": 100 }),
        json!({ "recording_days": 90 }),
        json!({ "recording_days": 90, "transcript_days": 365, "call_record_days": 365 }),
    ] {
        assert_eq!(own.put("/retention", wrong.clone()).await.code(), "validation_failed", "{wrong}");
    }
    let wish = json!({ "recording_days": 30, "transcript_days": 100 });
    let done = parent.put(&beneath, wish.clone()).await.expect(200);
    assert_eq!(done, json!({ "recording_days": 30, "transcript_days": 100, "call_record_days": 365 }));
    let told = "SELECT count(*) FROM audit_entries WHERE action = 'retention.changed'";
    assert_eq!(world.count(told), 2, "in both sides' logs");
    own.put("/retention", wish).await.expect(200);
    assert_eq!(world.count(told), 2, "nothing was changed, so there is nothing to tell");
    assert_eq!(parent.get("/organization/retention").await.json()["recording_days"], 90);

    // Somebody else's change is not overwritten unseen.
    let put = |tag: &str| {
        let wish = json!({ "recording_days": 10, "transcript_days": 100 });
        let request = own.request(reqwest::Method::PUT, "/retention").header("If-Match", tag).json(&wish);
        answer(request)
    };
    let stale = put(read.header("etag")).await;
    assert_eq!((stale.status.as_u16(), stale.code().as_str()), (412, "stale"));
    let fresh = own.get("/retention").await;
    put(fresh.header("etag")).await.expect(200);

    // A workspace's key may look, and not decide for the whole account.
    world.force(&format!(
        "UPDATE api_keys k SET workspace_id = w.workspace_id FROM workspaces w
         WHERE w.account_id = '{}' AND k.token_hint = '{}'",
        tenant.sub_account.uuid(),
        &own.key()[33..]
    ));
    own.get("/retention").await.expect(200);
    let refused = own.put("/retention", json!({ "recording_days": 20, "transcript_days": 100 })).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
}

#[actix_web::test]
async fn what_is_recorded_while_recording_is_off_is_not_kept() {
    let world = World::new().await;
    let tenant = world.northwind;
    let number = "+918047180001";
    answered_number(&world, tenant.organization, tenant.sub_account.into(), "india", number).await;
    let engine = Telephony::of(&world, &["india"]).await;
    let given = engine.admitted(number, "1").await;
    let put = async |sound: Vec<u8>| {
        let request = engine.request(reqwest::Method::PUT, &format!("/calls/{}/recording", given.id));
        answer(request.header("Lease", &given.lease).header("Content-Type", "audio/wav").body(sound)).await
    };
    let sound = b"RIFF\x00\x00\x00\x00WAVE and some sound".to_vec();
    let own = world.sub_account_client(&tenant, tenant.sub_account).await;
    let id = given.id.parse().unwrap();
    own.put("/retention", json!({ "recording_days": null, "transcript_days": 365 })).await.expect(200);
    put(sound.clone()).await.expect(204);
    assert_eq!(has(&world, id).await, (false, false));
    own.put("/retention", json!({ "recording_days": 30, "transcript_days": 365 })).await.expect(200);
    put(sound).await.expect(204);
    assert_eq!(has(&world, id).await, (true, false));
    // Switched off again, what there is goes.
    own.put("/retention", json!({ "recording_days": null, "transcript_days": 365 })).await.expect(200);
    served(&world).await;
    assert_eq!(has(&world, id).await, (false, false));
}
