pub type Moment = Inner<u8>;

type Inner<T> = (T, chrono::NaiveDateTime);
