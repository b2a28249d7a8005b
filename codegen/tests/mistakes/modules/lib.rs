mod twice;
mod gone;
#[path = "elsewhere/gone.rs"]
mod elsewhere;
#[path = "lib.rs"]
mod itself;
