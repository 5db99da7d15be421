//! Pictures that stand for a brand.

use std::{fmt, io::Cursor};

use image::{
    DynamicImage, ExtendedColorType, GenericImageView, ImageDecoder, ImageEncoder, ImageError, ImageReader,
    Limits, Rgba, Rgba32FImage, RgbaImage,
    codecs::png::{CompressionType, FilterType, PngEncoder},
    imageops,
};

/// The longest side that is looked at, in pixels.
const LONGEST_SIDE: u32 = 3_000;
/// What a picture may take while it is decoded, in bytes.
const MOST_MEMORY: u64 = 96 * 1024 * 1024;
/// What is kept fits into this: as much as paper shows of it at 300 dots per inch, in pixels.
const KEPT: (u32, u32) = (840, 240);
/// Nothing can be made out on less, in pixels.
const SHORTEST_SIDE: u32 = 16;

/// A logo as it is kept: decoded and written anew, so that nothing but its pixels is left of the
/// file that was sent (`trust.md` S17).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// The picture, as PNG.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: i32,
    /// In pixels.
    pub height: i32,
}

/// Why a file is not taken as a logo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidLogo {
    /// There is nothing in it.
    Missing,
    /// It is no PNG or JPEG file.
    Unsupported,
    /// It has more pixels than are looked at.
    TooLarge,
    /// Of so many pixels nothing can be made out.
    TooSmall(u32, u32),
    /// On white paper nothing of it is seen.
    Blank,
    /// Its picture cannot be read.
    Damaged,
}

impl fmt::Display for InvalidLogo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Choose a picture: a PNG or JPEG file."),
            Self::Unsupported => f.write_str("This is no PNG or JPEG file. Choose one of these."),
            Self::TooLarge => write!(
                f,
                "The picture is larger than {LONGEST_SIDE} × {LONGEST_SIDE} pixels. Choose a smaller one."
            ),
            Self::TooSmall(width, height) => write!(
                f,
                "Of {width} × {height} pixels too little can be made out: the picture is too small, or far longer \
                 one way than the other. Choose another."
            ),
            Self::Blank => {
                f.write_str("Nothing of this picture is seen on white paper. Choose one with darker parts.")
            }
            Self::Damaged => f.write_str("The file is damaged: its picture cannot be read. Choose another."),
        }
    }
}

impl std::error::Error for InvalidLogo {}

impl From<ImageError> for InvalidLogo {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooLarge,
            ImageError::Unsupported(_) => Self::Unsupported,
            _ => Self::Damaged,
        }
    }
}

impl Logo {
    /// Looks at a file that was sent as a logo. A large picture is made smaller.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn read(file: &[u8]) -> Result<Self, InvalidLogo> {
        if file.is_empty() {
            return Err(InvalidLogo::Missing);
        }
        let sent = decode(file)?;
        let (width, height) = sent.dimensions();
        let picture = fitted(sent);
        if picture.width().min(picture.height()) < SHORTEST_SIDE {
            return Err(InvalidLogo::TooSmall(width, height));
        }
        if is_blank(&picture) {
            return Err(InvalidLogo::Blank);
        }
        let side = |pixels: u32| i32::try_from(pixels).map_err(|_| InvalidLogo::TooLarge);
        Ok(Self { png: encode(&picture)?, width: side(picture.width())?, height: side(picture.height())? })
    }
}

fn decode(file: &[u8]) -> Result<DynamicImage, ImageError> {
    let mut reader = ImageReader::new(Cursor::new(file)).with_guessed_format()?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST_SIDE);
    limits.max_image_height = Some(LONGEST_SIDE);
    limits.max_alloc = Some(MOST_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    // How a camera was held.
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// The picture, no larger than what is kept.
fn fitted(picture: DynamicImage) -> DynamicImage {
    let (width, height) = picture.dimensions();
    let scale = f64::min(f64::from(KEPT.0) / f64::from(width), f64::from(KEPT.1) / f64::from(height));
    if scale >= 1.0 {
        return picture;
    }
    let scaled = |side: u32| ((f64::from(side) * scale).round() as u32).max(1);
    let (width, height) = (scaled(width), scaled(height));
    if !picture.color().has_alpha() {
        return picture.resize_exact(width, height, imageops::FilterType::Lanczos3);
    }
    let picture = shrunk(picture, width, height);
    // The colour of what cannot be seen must not bleed into the edges of what can.
    let mut pixels: Rgba32FImage = picture.into_rgba32f();
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        pixel.0 = [red * alpha, green * alpha, blue * alpha, alpha];
    }
    let mut pixels = imageops::resize(&pixels, width, height, imageops::FilterType::Lanczos3);
    for pixel in pixels.pixels_mut() {
        let [red, green, blue, alpha] = pixel.0;
        if alpha > 0.0 {
            pixel.0 = [red / alpha, green / alpha, blue / alpha, alpha];
        }
    }
    DynamicImage::ImageRgba32F(pixels)
}

/// A large picture by averages of whole blocks, still twice as large as what is wanted: what comes after
/// takes some megabytes then, and not some hundred.
fn shrunk(picture: DynamicImage, width: u32, height: u32) -> DynamicImage {
    let block = (picture.width() / (2 * width)).min(picture.height() / (2 * height));
    if block < 2 {
        return picture;
    }
    let pixels = picture.into_rgba8();
    let (width, height) = (pixels.width() / block, pixels.height() / block);
    RgbaImage::from_fn(width, height, |x, y| {
        let (mut colours, mut alphas) = ([0_u32; 3], 0_u32);
        for (dx, dy) in (0..block).flat_map(|dy| (0..block).map(move |dx| (dx, dy))) {
            let [red, green, blue, alpha] = pixels.get_pixel(x * block + dx, y * block + dy).0.map(u32::from);
            alphas += alpha;
            for (sum, colour) in colours.iter_mut().zip([red, green, blue]) {
                *sum += colour * alpha;
            }
        }
        // An average of bytes is a byte.
        let byte = |value: u32| u8::try_from(value).unwrap_or(u8::MAX);
        let [red, green, blue] = colours.map(|sum| byte(sum.checked_div(alphas).unwrap_or_default()));
        Rgba([red, green, blue, byte(alphas / (block * block))])
    })
    .into()
}

/// Whether nothing is seen of it on white.
fn is_blank(picture: &DynamicImage) -> bool {
    const FAINT: u32 = 16;
    picture.to_rgba8().pixels().all(|pixel| {
        let [red, green, blue, alpha] = pixel.0.map(u32::from);
        (255 - red.min(green).min(blue)) * alpha / 255 < FAINT
    })
}

fn encode(picture: &DynamicImage) -> Result<Vec<u8>, ImageError> {
    let (width, height) = picture.dimensions();
    let mut png = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut png, CompressionType::Best, FilterType::Adaptive);
    if picture.color().has_alpha() {
        encoder.write_image(&picture.to_rgba8(), width, height, ExtendedColorType::Rgba8)?;
    } else {
        encoder.write_image(&picture.to_rgb8(), width, height, ExtendedColorType::Rgb8)?;
    }
    Ok(png)
}

#[cfg(test)]
mod tests {
    use image::{ImageBuffer, ImageFormat};

    use super::*;

    fn file(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        picture.write_to(&mut file, format).unwrap();
        file.into_inner()
    }

    /// A red disc on nothing, whose nothing is green.
    fn disc(side: u32) -> DynamicImage {
        let half = f64::from(side) / 2.0;
        ImageBuffer::from_fn(side, side, |x, y| {
            let far = (f64::from(x) + 0.5 - half).hypot(f64::from(y) + 0.5 - half) > half * 0.9;
            if far { Rgba([0_u8, 255, 0, 0]) } else { Rgba([200, 0, 0, 255]) }
        })
        .into()
    }

    fn wrong(file: &[u8]) -> InvalidLogo {
        Logo::read(file).unwrap_err()
    }

    #[test]
    fn a_picture_is_written_anew_and_fits() {
        let small = file(&disc(100), ImageFormat::Png);
        let logo = Logo::read(&small).unwrap();
        assert_eq!((logo.width, logo.height), (100, 100));
        assert_eq!(logo, Logo::read(&small).unwrap());
        // Written once more it is the same.
        assert_eq!(logo, Logo::read(&logo.png).unwrap());
        let logo = Logo::read(&file(&disc(1_000), ImageFormat::Png)).unwrap();
        assert_eq!((logo.width, logo.height), (240, 240));
        let kept = image::load_from_memory(&logo.png).unwrap().to_rgba8();
        // Nothing of the green shows at the edge.
        assert!(kept.pixels().filter(|pixel| pixel.0[3] > 16).all(|pixel| pixel.0[1] < 8));
        assert!(kept.pixels().any(|pixel| pixel.0[3] == 0));
        let wide = DynamicImage::new_rgb8(2_800, 350);
        let logo = Logo::read(&file(&wide, ImageFormat::Jpeg)).unwrap();
        assert_eq!((logo.width, logo.height), (840, 105));
    }

    #[test]
    fn a_large_picture_keeps_its_shape_and_its_colours() {
        let logo = Logo::read(&file(&disc(2_999), ImageFormat::Png)).unwrap();
        assert_eq!((logo.width, logo.height), (240, 240));
        let kept = image::load_from_memory(&logo.png).unwrap().to_rgba8();
        assert_eq!(kept.get_pixel(120, 120).0, [200, 0, 0, 255]);
        assert_eq!(kept.get_pixel(2, 2).0[3], 0);
        let seen = kept.pixels().filter(|pixel| pixel.0[3] > 127).count();
        // A disc of 0.9 of the height.
        assert!((36_000..37_300).contains(&seen), "{seen}");
        assert!(kept.pixels().filter(|pixel| pixel.0[3] > 16).all(|pixel| pixel.0[1] < 8));
    }

    #[test]
    fn nothing_but_the_picture_is_kept() {
        let mut polyglot = file(&disc(64), ImageFormat::Png);
        polyglot.extend_from_slice(b"<script>alert(1)</script>");
        let logo = Logo::read(&polyglot).unwrap();
        assert!(!logo.png.windows(7).any(|part| part == b"<script"));
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
        assert_eq!(wrong(svg), InvalidLogo::Unsupported);
        assert_eq!(wrong(b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"), InvalidLogo::Unsupported);
        assert_eq!(wrong(b""), InvalidLogo::Missing);
        let mut cut = file(&disc(64), ImageFormat::Png);
        cut.truncate(cut.len() / 2);
        assert_eq!(wrong(&cut), InvalidLogo::Damaged);
        // A head that promises 40,000 × 40,000 pixels.
        let mut bomb = file(&DynamicImage::new_rgb8(1, 1), ImageFormat::Png);
        bomb[16..20].copy_from_slice(&40_000_u32.to_be_bytes());
        bomb[20..24].copy_from_slice(&40_000_u32.to_be_bytes());
        let sum = crc32fast::hash(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(wrong(&bomb), InvalidLogo::TooLarge);
        let small = file(&DynamicImage::new_rgb8(8, 8), ImageFormat::Png);
        assert_eq!(wrong(&small), InvalidLogo::TooSmall(8, 8));
        let line = file(&DynamicImage::new_rgb8(3_000, 20), ImageFormat::Png);
        assert_eq!(wrong(&line), InvalidLogo::TooSmall(3_000, 20));
        let white = DynamicImage::from(RgbaImage::from_pixel(64, 64, Rgba([255, 255, 255, 255])));
        let clear = DynamicImage::from(RgbaImage::from_pixel(64, 64, Rgba([0, 0, 0, 0])));
        for blank in [white, clear] {
            assert_eq!(wrong(&file(&blank, ImageFormat::Png)), InvalidLogo::Blank);
        }
    }
}
