//! Messages, declared once: [`message!`] takes a struct or an enum as it is written and gives it both
//! serde's traits, for programs that have room for them, and [`Wire`], by which the page reads and writes
//! the same JSON with a fraction of the code.
//!
//! It knows nothing: neither what is said in a message nor where its values come from.

#[doc(hidden)]
pub use serde;

/// A value that was parsed already: the browser's, or serde_json's in tests.
pub trait Source: Sized + Clone {
    /// It, if it is a number.
    fn number(&self) -> Option<f64>;
    /// It, if it is a text.
    fn text(&self) -> Option<String>;
    /// It, if it is yes or no.
    fn truth(&self) -> Option<bool>;
    /// Whether there is nothing.
    fn is_nothing(&self) -> bool;
    /// Its items, if it is a list.
    fn items(&self) -> Option<Vec<Self>>;
    /// What stands under a name; nothing where nothing does. None if it is no object.
    fn field(&self, name: &'static str) -> Option<Self>;
    /// The first name, with what stands under it, if it is an object: a variant with something in it
    /// is an object with one field.
    fn entry(&self) -> Option<(String, Self)>;
}

/// A value that is being written.
pub trait Sink: Sized {
    /// A number.
    fn number(value: f64) -> Self;
    /// A text.
    fn text(value: &str) -> Self;
    /// The name of a variant, of which there are few.
    fn name(value: &'static str) -> Self;
    /// Yes or no.
    fn truth(value: bool) -> Self;
    /// Nothing.
    fn nothing() -> Self;
    /// A list.
    fn items(values: Vec<Self>) -> Self;
    /// An object.
    fn object(fields: Vec<(&'static str, Self)>) -> Self;
    /// It, being a message of this name and, of an enum, this variant: for who wants to know which
    /// messages it is made of.
    fn of(self, _message: &'static str, _variant: &'static str) -> Self {
        self
    }
}

/// The first part that could not be read. Reading goes on with an empty value in its place, for that
/// takes less code than a way out at every field; whoever reads then refuses the whole.
pub type Wrong = Option<&'static str>;

/// What can be read and written value by value.
pub trait Wire: Sized {
    /// Reads it; names in `wrong` what was not as it should be, if nothing was before.
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self;
    /// Writes it.
    fn write<S: Sink>(&self) -> S;
}

/// Reads a field of an object.
pub fn field<T: Wire, S: Source>(of: &S, name: &'static str, wrong: &mut Wrong) -> T {
    match of.field(name) {
        Some(value) => T::read(&value, wrong),
        None => {
            *wrong = wrong.or(Some(name));
            T::read(of, wrong)
        }
    }
}

/// Which of these variants a value is, and what is in it.
pub fn variant<S: Source>(
    value: &S,
    keys: &[&'static str],
    of: &'static str,
    wrong: &mut Wrong,
) -> (usize, S) {
    let (key, inner) = match value.text() {
        Some(key) => (Some(key), value.clone()),
        None => value.entry().map_or((None, value.clone()), |(key, inner)| (Some(key), inner)),
    };
    let known = key.and_then(|key| keys.iter().position(|known| *known == key));
    let number = known.unwrap_or_else(|| {
        *wrong = wrong.or(Some(of));
        0
    });
    (number, inner)
}

macro_rules! numbers {
    ($($type:ident)+) => {
        $(
            impl Wire for $type {
                fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
                    number(value, wrong) as $type
                }

                fn write<S: Sink>(&self) -> S {
                    S::number(*self as f64)
                }
            }
        )+
    };
}

numbers!(u8 u16 u32 u64 i32 f32);

fn number<S: Source>(value: &S, wrong: &mut Wrong) -> f64 {
    value.number().unwrap_or_else(|| {
        // JSON writes null for what is not a number.
        if !value.is_nothing() {
            *wrong = wrong.or(Some("a number"));
        }
        f64::NAN
    })
}

impl Wire for bool {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        value.truth().unwrap_or_else(|| {
            *wrong = wrong.or(Some("yes or no"));
            false
        })
    }

    fn write<S: Sink>(&self) -> S {
        S::truth(*self)
    }
}

impl Wire for String {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        value.text().unwrap_or_else(|| {
            *wrong = wrong.or(Some("a text"));
            String::new()
        })
    }

    fn write<S: Sink>(&self) -> S {
        S::text(self)
    }
}

fn items<S: Source>(value: &S, wrong: &mut Wrong) -> Vec<S> {
    value.items().unwrap_or_else(|| {
        *wrong = wrong.or(Some("a list"));
        Vec::new()
    })
}

impl<T: Wire> Wire for Vec<T> {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        items(value, wrong).iter().map(|value| T::read(value, wrong)).collect()
    }

    fn write<S: Sink>(&self) -> S {
        S::items(self.iter().map(Wire::write).collect())
    }
}

impl<T: Wire> Wire for Option<T> {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        (!value.is_nothing()).then(|| T::read(value, wrong))
    }

    fn write<S: Sink>(&self) -> S {
        self.as_ref().map_or_else(S::nothing, Wire::write)
    }
}

impl<T: Wire> Wire for Box<T> {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        Box::new(T::read(value, wrong))
    }

    fn write<S: Sink>(&self) -> S {
        (**self).write()
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn read<S: Source>(value: &S, wrong: &mut Wrong) -> Self {
        let both = items(value, wrong);
        let [a, b] = [0, 1].map(|n| both.get(n).unwrap_or(value));
        (A::read(a, wrong), B::read(b, wrong))
    }

    fn write<S: Sink>(&self) -> S {
        S::items(vec![self.0.write(), self.1.write()])
    }
}

/// Declares a message: a struct, or an enum whose variants each have a name, and nothing, one value or
/// fields in them.
#[macro_export]
macro_rules! message {
    (
        $(#[$about:meta])*
        pub struct $name:ident { $($(#[$of:meta])* pub $field:ident: $type:ty),+ $(,)? }
    ) => {
        $(#[$about])*
        #[derive($crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "::wire::serde")]
        pub struct $name {
            $($(#[$of])* pub $field: $type,)+
        }

        impl $crate::Wire for $name {
            fn read<S: $crate::Source>(value: &S, wrong: &mut $crate::Wrong) -> Self {
                Self { $($field: $crate::field(value, stringify!($field), wrong)),+ }
            }

            fn write<S: $crate::Sink>(&self) -> S {
                let fields = vec![$((stringify!($field), $crate::Wire::write(&self.$field))),+];
                S::object(fields).of(stringify!($name), "")
            }
        }
    };
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $(
                $(#[$of:meta])*
                $variant:ident
                $(($inner:ty))?
                $({ $($(#[$of_field:meta])* $field:ident: $type:ty),+ $(,)? })?
                = $key:literal
            ),+ $(,)?
        }
    ) => {
        $(#[$about])*
        #[derive($crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "::wire::serde")]
        pub enum $name {
            $(
                $(#[$of])*
                #[serde(rename = $key)]
                $variant $(($inner))? $({ $($(#[$of_field])* $field: $type),+ })?,
            )+
        }

        impl $crate::Wire for $name {
            #[allow(unused_variables, unused_assignments)]
            fn read<S: $crate::Source>(value: &S, wrong: &mut $crate::Wrong) -> Self {
                let keys = [$($key),+];
                let (number, inner) = $crate::variant(value, &keys, stringify!($name), wrong);
                let mut at = 0;
                $(
                    if number == at {
                        return Self::$variant
                            $((<$inner as $crate::Wire>::read(&inner, wrong)))?
                            $({ $($field: $crate::field(&inner, stringify!($field), wrong)),+ })?;
                    }
                    at += 1;
                )+
                unreachable!("the number is one of the keys'")
            }

            fn write<S: $crate::Sink>(&self) -> S {
                match self {
                    $(
                        Self::$variant $(($crate::message!(@bind inner $inner)))?
                        $({ $($field),+ })? => {
                            #[allow(unused_mut, unused_assignments)]
                            let mut within: Option<S> = None;
                            $(within = Some($crate::message!(@write inner $inner));)?
                            $(
                                within = Some(S::object(vec![
                                    $((stringify!($field), $crate::Wire::write($field))),+
                                ]));
                            )?
                            let written = match within {
                                Some(within) => S::object(vec![($key, within)]),
                                None => S::name($key),
                            };
                            written.of(stringify!($name), $key)
                        }
                    )+
                }
            }
        }
    };
    (@bind $name:ident $type:ty) => { $name };
    (@write $name:ident $type:ty) => { $crate::Wire::write($name) };
}
