//! Errors of tasks where there are errors of I/O.

/// As tokio's: for `?` where an error of I/O is given. The error of the task stays inside.
impl From<super::JoinError> for std::io::Error {
    fn from(error: super::JoinError) -> Self {
        Self::other(error)
    }
}
