//! What may be given where a column's value is expected.
//!
//! `Into` would be the obvious bound, but a plain `2` is an `i32` to it, and fits no `u8`. Here a number takes the type
//! of its column.

use std::borrow::Cow;

/// A value for a column of the type `T`: a `T` itself, what is inside an `Option`, and the usual stand-ins for a `String`
/// or a `Vec`.
///
/// ```
/// use vertebra::Fits;
///
/// fn store<T>(value: impl Fits<T>) -> T {
///     value.fit()
/// }
///
/// assert_eq!(store::<u8>(2), 2);
/// assert_eq!(store::<String>("text"), "text");
/// assert_eq!(store::<Option<String>>("text"), Some("text".to_string()));
/// assert_eq!(store::<Vec<u8>>([1, 2]), vec![1, 2]);
/// ```
#[diagnostic::on_unimplemented(
    message = "a column of `{T}` can't hold `{Self}`",
    label = "not a `{T}`"
)]
pub trait Fits<T> {
    /// The value as the column has it.
    fn fit(self) -> T;
}

impl<T> Fits<T> for T {
    fn fit(self) -> T {
        self
    }
}

impl<T> Fits<Option<T>> for T {
    fn fit(self) -> Option<T> {
        Some(self)
    }
}

impl<T, const N: usize> Fits<Vec<T>> for [T; N] {
    fn fit(self) -> Vec<T> {
        self.into()
    }
}

macro_rules! texts {
    ($($text:ty),*) => {
        $(
            impl Fits<String> for $text {
                fn fit(self) -> String {
                    self.into()
                }
            }

            impl Fits<Option<String>> for $text {
                fn fit(self) -> Option<String> {
                    Some(self.into())
                }
            }
        )*
    };
}

texts!(&str, &String, Cow<'_, str>, Box<str>);
