mod moments;

use moments::Moment;

#[derive(vertebra::Model)]
struct Event {
    #[model(id)]
    id: uuid::Uuid,
    begins: Option<Moment>,
}
