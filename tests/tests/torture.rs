//! Short runs of what `torture` does for long: the same code, a few seconds each.

use vertebra_tests::torture;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_server_is_killed() {
    torture::kill9::run(5, 1).await.unwrap().check();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_twice_when_answers_are_lost() {
    torture::lost_acks::run(40, 1).await.unwrap().check();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_missed_when_connections_break() {
    torture::resume::run(2_000, 1).await.unwrap().check();
}

#[tokio::test(flavor = "multi_thread")]
async fn another_log_is_told_and_clients_converge() {
    torture::restored::run(1).await.unwrap().check();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_reading_costs_little_and_converges() {
    torture::stalled::run(30, 1000, 2).await.unwrap().check();
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_noticed() {
    torture::silent::run(6, 1).await.unwrap().check();
}
