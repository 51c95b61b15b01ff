//! Just enough of ELF to weigh an image: its sections and the names of its symbols. Little-endian, 32 and 64 bits.

/// A part of an image.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, such as `.text`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// What it holds; 8 is memory without content in the file.
    kind: u32,
    /// 1 writable, 2 present at run time, 4 code.
    flags: u64,
    link: u32,
    offset: u64,
}

/// An image that has been read.
#[derive(Debug)]
pub struct Elf {
    /// Its sections.
    pub sections: Vec<Section>,
    /// The names of its symbols.
    pub symbols: Vec<String>,
}

const NO_BITS: u32 = 8;
const SYMBOL_TABLE: u32 = 2;

impl Elf {
    /// Reads an image.
    ///
    /// # Errors
    ///
    /// Where the file is no ELF, is of another byte order, or says something that does not fit.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let file = File { bytes, wide: bytes.get(4) == Some(&2) };
        if bytes.get(..4) != Some(b"\x7fELF") || bytes.get(5) != Some(&1) {
            return Err("not a little-endian ELF file".to_owned());
        }
        let (table, size_at) = if file.wide { (file.word(0x28)?, 0x3a) } else { (file.word(0x20)?, 0x2e) };
        let (entry, count, names) = (file.half(size_at)?, file.half(size_at + 2)?, file.half(size_at + 4)?);
        let raw: Vec<(u32, Section)> =
            (0..count).map(|index| file.section(table + index * entry)).collect::<Result<_, _>>()?;
        let names = raw.get(names as usize).ok_or("no section of names")?.1.offset;
        let sections: Vec<Section> = raw
            .into_iter()
            .map(|(name, section)| Ok(Section { name: file.string(names + u64::from(name))?, ..section }))
            .collect::<Result<_, String>>()?;
        let mut symbols = Vec::new();
        for table in sections.iter().filter(|section| section.kind == SYMBOL_TABLE) {
            let strings = sections.get(table.link as usize).ok_or("a symbol table without names")?.offset;
            let entry = if file.wide { 24 } else { 16 };
            for index in 0..table.size / entry {
                let name = file.string(strings + file.u32(table.offset + index * entry)?)?;
                if !name.is_empty() {
                    symbols.push(name);
                }
            }
        }
        Ok(Self { sections, symbols })
    }

    /// Bytes of flash: everything with content that is there at run time, initial values of data included.
    pub fn flash(&self) -> u64 {
        self.present().filter(|section| section.kind != NO_BITS).map(|section| section.size).sum()
    }

    /// Bytes of RAM that the image claims for itself; the stack comes on top.
    pub fn ram(&self) -> u64 {
        self.present().filter(|section| section.flags & 1 != 0).map(|section| section.size).sum()
    }

    fn present(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(|section| section.flags & 2 != 0)
    }
}

struct File<'a> {
    bytes: &'a [u8],
    wide: bool,
}

impl File<'_> {
    fn number(&self, at: u64, size: usize) -> Result<u64, String> {
        let at = usize::try_from(at).map_err(|error| error.to_string())?;
        let bytes = at.checked_add(size).and_then(|end| self.bytes.get(at..end));
        let bytes = bytes.ok_or_else(|| format!("the file ends before byte {at}"))?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn half(&self, at: u64) -> Result<u64, String> {
        self.number(at, 2)
    }

    fn u32(&self, at: u64) -> Result<u64, String> {
        self.number(at, 4)
    }

    /// A number as wide as an address.
    fn word(&self, at: u64) -> Result<u64, String> {
        self.number(at, if self.wide { 8 } else { 4 })
    }

    fn string(&self, at: u64) -> Result<String, String> {
        let rest = usize::try_from(at).ok().and_then(|at| self.bytes.get(at..)).ok_or("a name outside of the file")?;
        let end = rest.iter().position(|&byte| byte == 0).ok_or("a name without end")?;
        Ok(String::from_utf8_lossy(&rest[..end]).into_owned())
    }

    fn section(&self, at: u64) -> Result<(u32, Section), String> {
        let step = if self.wide { 8 } else { 4 };
        let narrow = |value: u64| u32::try_from(value).map_err(|error| error.to_string());
        // name u32, type u32, then flags, address, offset and size as wide as an address, then link u32
        let section = Section {
            name: String::new(),
            kind: narrow(self.u32(at + 4)?)?,
            flags: self.word(at + 8)?,
            offset: self.word(at + 8 + 2 * step)?,
            size: self.word(at + 8 + 3 * step)?,
            link: narrow(self.u32(at + 8 + 4 * step)?)?,
        };
        Ok((narrow(self.u32(at)?)?, section))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 32-bit image of five sections: none, names, `.text` of 6 bytes, `.data` of 2, `.bss` of 3, and one symbol.
    fn image() -> Vec<u8> {
        let names = b"\0.shstrtab\0.text\0.data\0.bss\0.symtab\0malloc\0";
        let mut bytes = vec![0; 52];
        bytes[..6].copy_from_slice(b"\x7fELF\x01\x01");
        let names_at = bytes.len() as u32;
        bytes.extend(names);
        let symbols_at = bytes.len() as u32;
        bytes.extend([0; 16]);
        bytes.extend(36u32.to_le_bytes());
        bytes.extend([0; 12]);
        let table = bytes.len() as u32;
        for [name, kind, flags, offset, size, link] in [
            [0; 6],
            [1, 3, 0, names_at, names.len() as u32, 0],
            [11, 1, 2 | 4, 0, 6, 0],
            [17, 1, 2 | 1, 0, 2, 0],
            [23, 8, 2 | 1, 0, 3, 0],
            [28, 2, 0, symbols_at, 32, 1],
        ] {
            for value in [name, kind, flags, 0, offset, size, link, 0, 0, 0] {
                bytes.extend(value.to_le_bytes());
            }
        }
        bytes[0x20..0x24].copy_from_slice(&table.to_le_bytes());
        bytes[0x2e..0x34].copy_from_slice(&[40, 0, 6, 0, 1, 0]);
        bytes
    }

    #[test]
    fn flash_ram_and_symbols_of_a_small_image() {
        let elf = Elf::read(&image()).expect("an image");
        let names: Vec<&str> = elf.sections.iter().map(|section| section.name.as_str()).collect();
        assert_eq!(names, ["", ".shstrtab", ".text", ".data", ".bss", ".symtab"]);
        assert_eq!((elf.flash(), elf.ram()), (8, 5));
        assert_eq!(elf.symbols, ["malloc"]);
    }

    #[test]
    fn a_broken_file_is_an_error() {
        assert!(Elf::read(b"").is_err());
        assert!(Elf::read(b"\0asm\x01\0\0\0").is_err());
        let image = image();
        // The last three words of the last section are of no interest.
        for end in 4..image.len() - 12 {
            assert!(Elf::read(&image[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_program_is_read() {
        let elf = Elf::read(&std::fs::read(std::env::current_exe().expect("path")).expect("file")).expect("an image");
        assert!(elf.flash() > 100_000 && elf.ram() > 100);
        assert!(elf.symbols.iter().any(|name| name.contains("this_program_is_read")));
    }
}
