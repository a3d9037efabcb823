//! The bytes in which values and counts are stored: numbers of variable length, and texts behind their length.
//!
//! Reading never trusts a byte: whatever is stored, it ends in a value or in an error, and takes memory in proportion to
//! the bytes that were there.

/// Why stored bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Written in a format that this program does not know.
    #[error("format {0} is not known")]
    Format(u8),
    /// The bytes end too early.
    #[error("the bytes end too early")]
    Short,
    /// Bytes are left over.
    #[error("bytes are left over at the end")]
    Long,
    /// Something that is never written.
    #[error("{0} is not what is ever written")]
    Malformed(&'static str),
}

/// Appends a number, seven bits a byte, the lowest first.
pub(super) fn put_number(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// Appends a length and as many bytes.
pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Takes bytes off the front.
pub(super) struct Reader<'b> {
    rest: &'b [u8],
}

impl<'b> Reader<'b> {
    /// Reads bytes that begin with a format number.
    pub(super) fn of(bytes: &'b [u8], format: u8) -> Result<Self, DecodeError> {
        let mut reader = Self { rest: bytes };
        match reader.byte()? {
            known if known == format => Ok(reader),
            unknown => Err(DecodeError::Format(unknown)),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self.rest.split_first().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8], DecodeError> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(taken)
    }

    /// Eight bytes as a number, the lowest first.
    pub(super) fn word(&mut self) -> Result<u64, DecodeError> {
        let bytes = self.take(8)?.try_into().map_err(|_| DecodeError::Short)?;
        Ok(u64::from_le_bytes(bytes))
    }

    pub(super) fn number<N: TryFrom<u64>>(&mut self) -> Result<N, DecodeError> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits.leading_zeros() < shift {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                // A number in more bytes than it needs was not written here.
                let is_shortest = byte != 0 || shift == 0;
                let number = if is_shortest { N::try_from(number).ok() } else { None };
                return number.ok_or(DecodeError::Malformed("a number"));
            }
        }
        Err(DecodeError::Malformed("a number"))
    }

    /// How many things follow that take at least one byte each: never more than there are bytes.
    pub(super) fn count(&mut self) -> Result<usize, DecodeError> {
        let count: usize = self.number()?;
        if count > self.rest.len() { Err(DecodeError::Short) } else { Ok(count) }
    }

    pub(super) fn text(&mut self) -> Result<&'b str, DecodeError> {
        let length = self.count()?;
        std::str::from_utf8(self.take(length)?).map_err(|_| DecodeError::Malformed("a text"))
    }

    pub(super) fn end(self) -> Result<(), DecodeError> {
        if self.rest.is_empty() { Ok(()) } else { Err(DecodeError::Long) }
    }
}
