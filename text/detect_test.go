package text

import "testing"

func TestDetectLanguage(t *testing.T) {
	for _, tt := range []struct{ want, sample string }{
		{"en", "The engine reads every file in the folder and tells you which of them it could not read."},
		{"de", "Das Programm liest alle Dateien in dem Ordner und sagt, welche davon nicht gelesen werden konnten."},
		{"fr", "Le programme lit tous les fichiers du dossier et dit lesquels n'ont pas pu être lus."},
		{"es", "El programa lee todos los archivos de la carpeta y dice cuáles no se han podido leer."},
		{"it", "Il programma legge tutti i file della cartella e dice quali non è stato possibile leggere."},
		{"pt", "O programa lê todos os arquivos da pasta e diz quais não foi possível ler, mas não para."},
		{"nl", "Het programma leest alle bestanden in de map en zegt welke niet gelezen konden worden."},
		{"sv", "Programmet läser alla filer i mappen och säger vilka av dem som inte kunde läsas, för att du ska veta."},
		{"da", "Programmet læser alle filer i mappen og siger, hvilke af dem der ikke kunne læses af os."},
		{"no", "Programmet leser alle filene i mappen og sier hvilke av dem som ikke kunne leses, så du vet det etter en stund."},
		{"fi", "Ohjelma lukee kaikki kansion tiedostot ja kertoo, mitkä niistä olivat sellaisia, että niitä ei voinut lukea, koska se on tärkeää."},
		{"hu", "A program minden fájlt elolvas a mappában, és megmondja, hogy melyik az, amelyet nem lehetett elolvasni."},
		{"ro", "Programul citește toate fișierele din dosar și spune care dintre ele nu au putut fi citite, pentru că sunt goale."},
		{"tr", "Program klasördeki bütün dosyaları okur ve hangi dosyaların okunamadığını söyler, çünkü bu çok önemli ve gerekli bir şey."},
		{"ru", "Программа читает все файлы в папке и говорит, какие из них не удалось прочитать."},
		{"ar", "يقرأ البرنامج كل الملفات في المجلد ويخبرك عن الملفات التي لم يتمكن من قراءتها."},
		{"ga", "Tá an clár ag léamh na gcomhad go léir agus is é seo an ceann nach bhfuil ann ar an liosta."},
		{"ta", "இந்த நிரல் கோப்புறையில் உள்ள எல்லா கோப்புகளையும் படிக்கிறது."},
		{"zh", "程序读取文件夹中的所有文件，并说明哪些文件无法读取。"},
		{"ja", "プログラムはフォルダ内のすべてのファイルを読み、読めなかったものを示します。"},
		{"ko", "이 프로그램은 폴더의 모든 파일을 읽고 읽지 못한 파일을 알려 줍니다."},
		{"th", "โปรแกรมอ่านไฟล์ทั้งหมดในโฟลเดอร์"},
		{"el", "Το πρόγραμμα διαβάζει όλα τα αρχεία του φακέλου."},
		{"he", "התוכנית קוראת את כל הקבצים בתיקייה."},
		{"", ""},
		{"", "42 3.14 -- 7"},
		{"", "Anna Berlin Carlos Detroit Eva Florenz Gustav Helsinki"},
		{"", "Програма читає всі файли в теці та каже, які з них не вдалося прочитати."},
		{"", "این برنامه همه پرونده\u200cها را می\u200cخواند و می\u200cگوید کدام\u200cها خوانده نشد."},
		{"", "x = y + z"},
	} {
		if got := DetectLanguage(tt.sample); got != tt.want {
			t.Errorf("DetectLanguage(%q) = %q, want %q", tt.sample, got, tt.want)
		}
	}
}

func TestAnalyzerName(t *testing.T) {
	for _, tt := range [][3]string{
		{"go", "go", "code"}, {"code", "python", "code"}, {"code", "", "code"},
		{"markdown", "en", "english"}, {"text", "", "english"}, {"html", "de", "german"},
		{"jsonl", "ja", "english"}, {"text", "pl", "simple"}, {"text", "nb", "norwegian"}, {"text", "russian", "russian"},
	} {
		if got := AnalyzerName(tt[0], tt[1]); got != tt[2] {
			t.Errorf("AnalyzerName(%q, %q) = %q, want %q", tt[0], tt[1], got, tt[2])
		} else if _, err := NewAnalyzer(got); err != nil {
			t.Error(err)
		}
	}
}
