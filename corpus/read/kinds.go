package read

import (
	"bytes"
	"fmt"
)

// kinds are files without text that people have, by what they begin with: their skips say
// what they are.
var kinds = []struct {
	at    int
	magic string
	name  string
}{
	{0, "\xFF\xD8\xFF", "a JPEG picture"}, {0, "\x89PNG\r\n", "a PNG picture"}, {0, "GIF8", "a GIF picture"}, {0, "II*\x00", "a TIFF picture"}, {0, "MM\x00*", "a TIFF picture"},
	{0, "BM", "a BMP picture"}, {8, "WEBP", "a WebP picture"}, {0, "\x00\x00\x01\x00", "an icon"}, {0, "8BPS", "a Photoshop picture"}, {0, "gimp xcf", "a GIMP picture"},
	{4, "ftypheic", "a HEIC picture"}, {4, "ftypmif1", "a HEIC picture"}, {4, "ftypavif", "an AVIF picture"}, {0, "\xD7\xCD\xC6\x9A", "a WMF picture"},
	{4, "ftypM4A", "a recording of sound"}, {4, "ftyp", "a film"}, {0, "\x1A\x45\xDF\xA3", "a film"}, {8, "AVI ", "a film"}, {0, "FLV\x01", "a film"}, {0, "\x00\x00\x01\xBA", "a film"},
	{0, "\x30\x26\xB2\x75\x8E\x66\xCF\x11", "a film"}, {0, "ID3", "a recording of sound"}, {0, "\xFF\xFB", "a recording of sound"}, {0, "\xFF\xF3", "a recording of sound"},
	{0, "fLaC", "a recording of sound"}, {0, "OggS", "a recording of sound"}, {8, "WAVE", "a recording of sound"}, {0, "MThd", "music in MIDI"},
	{0, "\x7FELF", "a program"}, {0, "MZ", "a program"}, {0, "\xCF\xFA\xED\xFE", "a program"}, {0, "\xCA\xFE\xBA\xBE", "a program"}, {0, "\x00asm", "a program"}, {0, "!<arch>\n", "a library"},
	{0, "SQLite format 3", "an SQLite database"}, {4, "Standard Jet DB", "an Access database"}, {4, "Standard ACE DB", "an Access database"}, {0, "!BDN", "an Outlook data file"},
	{0, "\x00\x01\x00\x00\x00", "a font"}, {0, "OTTO", "a font"}, {0, "ttcf", "a font"}, {0, "wOFF", "a font"}, {0, "wOF2", "a font"},
	{0, "PAR1", "a Parquet table"}, {0, "\x89HDF\r\n", "an HDF5 file"}, {0, "\x93NUMPY", "a NumPy array"}, {0, "\x78\x9F\x3E\x22", "an attachment of Outlook (TNEF)"},
	{0, "MSCF", "a cabinet archive"}, {2, "-lh", "an LHA archive"}, {0, "xar!", "a package of macOS"}, {0, "\xED\xAB\xEE\xDB", "an RPM package"},
	{0, "QFI\xFB", "a disk image"}, {0, "KDMV", "a disk image"},
}

// noText says what a file is that holds no text: reason is all that is known else.
func noText(head []byte, reason string) string {
	for _, k := range kinds {
		if len(head) >= k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return fmt.Sprint("no reader for ", k.name)
		}
	}
	return reason
}
