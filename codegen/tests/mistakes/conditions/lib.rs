#[cfg(target_os = "linux")]
mod models;

#[cfg(all(unix, not(test)))]
#[derive(Model)]
struct OnUnix {
    #[model(id)]
    id: u32,
}

#[cfg(windows)]
type Size = u32;

#[derive(Model)]
#[cfg_attr(target_pointer_width = "64", model(realtime))]
struct Task {
    #[model(id)]
    id: u32,
    #[cfg(debug_assertions)]
    trace: String,
    size: Size,
}
