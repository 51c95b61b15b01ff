//! Just enough of WebAssembly to see what is in a module: the names of its functions.

/// The names in a module: those it imports and exports are left out, those of its functions are in its section `name`.
///
/// # Errors
///
/// Where the file is no module, is cut, or carries no names, since then nothing can be said about what it holds.
pub fn function_names(bytes: &[u8]) -> Result<Vec<String>, String> {
    if bytes.get(..8) != Some(b"\0asm\x01\0\0\0") {
        return Err("not a WebAssembly module".to_owned());
    }
    let mut reader = Reader { bytes, at: 8 };
    while reader.at < bytes.len() {
        let id = reader.byte()?;
        let mut section = reader.part()?;
        if id == 0 && section.name()? == "name" {
            while section.at < section.bytes.len() {
                let kind = section.byte()?;
                let mut part = section.part()?;
                if kind == 1 {
                    let count = part.number()?;
                    return (0..count).map(|_| part.number().and_then(|_| part.name())).collect();
                }
            }
        }
    }
    Err("the module carries no function names".to_owned())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Result<u8, String> {
        let byte = *self.bytes.get(self.at).ok_or("the module is cut")?;
        self.at += 1;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u32, String> {
        let mut number = 0u64;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(number).map_err(|error| error.to_string());
            }
        }
        Err("a number without end".to_owned())
    }

    /// A stretch that begins with its length.
    fn part(&mut self) -> Result<Reader<'a>, String> {
        let length = self.number()? as usize;
        let bytes =
            self.at.checked_add(length).and_then(|end| self.bytes.get(self.at..end)).ok_or("the module is cut")?;
        self.at += length;
        Ok(Reader { bytes, at: 0 })
    }

    fn name(&mut self) -> Result<String, String> {
        Ok(String::from_utf8_lossy(self.part()?.bytes).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_functions_are_read() {
        let names = b"\x01\x0f\x02\x00\x04main\x01\x06malloc";
        let mut module = b"\0asm\x01\0\0\0\x01\x01\0\0".to_vec();
        module.push(5 + names.len() as u8);
        module.extend(b"\x04name");
        module.extend(names);
        assert_eq!(function_names(&module).as_deref(), Ok(["main".to_owned(), "malloc".to_owned()].as_slice()));
        for end in 8..module.len() {
            assert!(function_names(&module[..end]).is_err(), "cut at {end}");
        }
        assert!(function_names(b"\x7fELF").is_err());
    }
}
