package text

// luceneStop is the list of Lucene's EnglishAnalyzer.
var luceneStop = set(`a an and are as at be but by for if in into is it no not of on or such
that the their then there these they this to was will with`)

// englishFunctionWords are the pronouns, auxiliaries, articles, conjunctions,
// prepositions and adverbs of place and degree of English: the closed classes
// that Snowball's list holds, with their contractions.
const englishFunctionWords = `i me my myself we us our ours ourselves you your yours yourself
yourselves he him his himself she her hers herself it its itself they them their theirs themselves
what which who whom whose this that these those am is are was were be been being have has had having
do does did doing done would should could ought can will shall may might must cannot
i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd
i'll you'll he'll she'll we'll they'll isn't aren't wasn't weren't hasn't haven't hadn't doesn't don't
didn't won't wouldn't shan't shouldn't can't couldn't mustn't let's that's who's what's here's there's
when's where's why's how's a an the and but if or because as until while of at by for with about against
between into through during before after above below to from up down in out on off over under again
further then once here there when where why how all any both each few more most other some such no nor
not only own same so than too very`

// englishAsking are words by which a question asks, beyond the function words.
const englishAsking = `tell give find show please know explain describe list`

// chineseAsking are the pairs of characters by which a question asks.
var chineseAsking = set(`如何 怎样 怎么 么样 什么 为何 哪个 哪些 哪里 哪一 是否 请问 多少 几个 可以`)

const arabicStop = `في من على إلى عن مع هذا هذه ذلك تلك التي الذي الذين ما ماذا من متى أين كيف هل لماذا
أن إن كان كانت يكون هو هي هم نحن أنا أنت و أو ثم لا لم لن قد كل بعض غير بين عند حتى إذا كما لكن بعد قبل`

const danishStop = `og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om
vi min havde ham hun nu over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev
kunne ind når være dog noget ville jo deres efter ned skulle denne end dette mit også under have dig anden
hende mine alt meget sit sine vor mod disse hvis din nogle hos blive mange ad bliver hendes været thi jer
sådan hvem hvorfor hvordan hvilken hvilke`

const dutchStop = `de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om
hem dan zou of wat mijn men dit zo door over ze zich bij ook tot je mij uit der daar haar naar heb hoe heeft
hebben deze u want nog zal me zij nu ge geen omdat iets worden toch al waren veel meer doen toen moet ben
zonder kan hun dus alles onder ja eens hier wie werd altijd doch wordt wezen kunnen ons zelf tegen na reeds
wil kon niets uw iemand geweest andere waar waarom wanneer welke`

const finnishStop = `olla olen olet on olemme olette ovat ole oli olisi olin olit olimme olitte olivat ollut
olleet en et ei emme ette eivät minä minun sinä sinun hän hänen me meidän te teidän he heidän tämä tämän tätä
tuo se sen sitä siinä siitä nämä nuo ne niiden kuka kenen mikä minkä mitä missä mistä mihin miksi miten
milloin joka jonka jota jossa jotka että ja jos koska kuin mutta niin sekä sillä tai vaan vai vaikka kanssa
mukaan noin poikki yli kun nyt itse myös`

const frenchStop = `au aux avec ce ces dans de des du elle en et eux il ils je la le les leur leurs lui ma
mais me même mes moi mon ne nos notre nous on ou où par pas pour qu que qui quoi quel quelle quels quelles
quand comment pourquoi sa se ses son sur ta te tes toi ton tu un une vos votre vous c d j l à m n s t y est
sont suis es sommes êtes été étée étés étant était étaient étais sera seront serait soit fut ai as avons
avez ont avait avaient avoir eu être cette cet ceci cela ça si sans sous donc dont ni car plus très`

const germanStop = `aber alle allem allen aller alles als also am an ander andere anderem anderen anderer anderes
auch auf aus bei bin bis bist da damit dann das daß dass dein deine dem den denn der des dessen dich die dies
diese dieselbe diesem diesen dieser dieses dir doch dort du durch ein eine einem einen einer eines er es etwas
euch euer eure für gegen gewesen hab habe haben hat hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre
ihrem ihren ihrer ihres im in ist ja jede jedem jeden jeder jedes jene jenem jenen jener jenes jetzt kann kein
keine keinem keinen keiner keines können könnte man manche mein meine meinem meinen meiner mich mir mit muss
musste nach nicht nichts noch nun nur ob oder ohne sehr sein seine seinem seinen seiner seines selbst sich sie
sind so solche soll sollte sondern sonst über um und uns unser unsere unter viel vom von vor während war waren
warst was weg weil welche welchem welchen welcher welches wenn wer werde werden wie wieder will wir wird wirst
wo wollen wollte würde würden zu zum zur zwar zwischen warum wann wem wen wessen`

const hungarianStop = `a az egy és is hogy nem ez ezt ezek azt azok de ha csak már még mint meg volt van vannak
voltak lesz lenne volna ki mi mit mely amely ami aki akik vagy minden itt ott így úgy ő ők én te mi ti sem se
igen nagyon majd most mert után alatt között által pedig el fel le be hol mikor miért hogyan melyik`

const irishStop = `a ach ag agus an aon ar as atá bhí bíonn ba chun cuid de deir den do don é gach go gur i iad
idir in is í leis le lena mar mé mo ná na nach ní níl nó nuair ó os roimh sa san sé seo shin si sí sin tá thar
trí tú um uait cad cé conas cathain cá muid sibh siad`

const italianStop = `ad al allo ai agli all alla alle con col coi da dal dallo dai dagli dall dalla dalle di del
dello dei degli dell della delle in nel nello nei negli nell nella nelle su sul sullo sui sugli sull sulla
sulle per tra fra contro io tu lui lei noi voi loro mio mia miei mie tuo tua suo sua suoi sue nostro nostra
mi ti ci vi lo la li le gli ne il un uno una ma ed se perché anche come dov dove che chi cui non più quale
quali quanto quando quella quelle quelli quello questa queste questi questo si tutto tutti a c e i l o ho hai
ha abbiamo avete hanno aveva avevano sono sei è siamo siete era erano fu stato stata essere avere cosa`

const norwegianStop = `og i jeg det at en et den til er som på de med han av ikke ikkje der så var meg seg men
ett har om vi min mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan hans hvor eller hva skal
selv sjøl her alle vil bli ble blei blitt kunne inn når være kom noen noe ville dere som deres kun ja etter ned
skulle denne for deg si sine sitt mot å meget hvorfor dette disse uten hvordan ingen din ditt blir samme hvilken
hvilke sånn inni mellom vår hver hvem vors hvis både bare enn fordi før mange også slik vært båe begge`

const portugueseStop = `de a o que e é do da em um para com não uma os no se na por mais as dos como mas ao ele
das à seu sua ou quando muito nos já eu também só pelo pela até isso ela entre depois sem mesmo aos seus quem
nas me esse eles você essa num nem suas meu às minha numa pelos elas qual nós lhe deles essas esses pelas este
dele tu te vocês vos lhes meus minhas teu tua nosso nossa dela delas esta estes estas aquele aquela aquilo isto
estou está estamos estão foi foram era eram ser são somos ter tem têm tinha há onde porque quais quanto`

const romanianStop = `a acea aceasta această aceea acei aceia acel acela acele acest acesta aceste acestea acești
ai al ale alt am ar are as aș asta astăzi atunci au avea avem aveți ca că când care ce cel cele cei cine cum
cu da dacă dar de deci deja din după ea ei el ele era este eu face fi fie fiind fost iar ii îi îl în îmi îți
la le li lor lui mai mă mea mei mele meu mi ne ni noi nostru noastră nu o ori pe pentru peste poate prin sa să
sale sau se si și său sunt suntem ta tu un una unde unei unele unor unui va vă vi voi vor vom`

const russianStop = `и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по только ее
мне было вот от меня еще нет о из ему теперь когда даже ну вдруг ли если уже или ни быть был него до вас нибудь
опять уж вам ведь там потом себя ничего ей может они тут где есть надо ней для мы тебя их чем была сам чтоб без
будто чего раз тоже себе под будет ж тогда кто этот того потому этого какой совсем ним здесь этом один почти
мой тем чтобы нее сейчас были куда зачем всех можно при наконец два об другой хоть после над больше тот через
эти нас про всего них какая много разве три эту моя впрочем свою этой перед иногда лучше чуть том нельзя такой
им более всегда конечно всю между это почему сколько`

const spanishStop = `de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o
este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno
les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro otras otra él tanto esa estos
mucho quienes nada muchos cual poco ella estar estas algunas algo nosotros mi mis tú te ti tu tus ellas vosotros
os mío mía tuyo suyo nuestro nuestra es soy eres somos sois son era eran fue fueron ser sido está están estaba
ha han he había tiene tienen cómo cuál cuáles cuándo dónde quién`

const swedishStop = `och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke
mig du henne då sin nu har inte hans honom skulle hennes där min man ej vid kunde något från ut när efter upp vi
dem vara vad över än dig kan sina här ha mot alla under någon eller allt mycket sedan ju denna själv detta åt
utan varit hur ingen mitt ni bli blev oss din dessa några deras blir mina samma vilken er sådan vår blivit dess
inom mellan sådant varför varje vilka ditt vem vilket sitta sådana vart dina vars vårt våra ert era vilkas`

const tamilStop = `ஒரு என்று மற்றும் இந்த இது என்ற கொண்டு என்பது பல ஆகும் அல்லது அவர் நான் உள்ள அந்த இவர் என முதல்
என்ன இருந்து சில என் போன்ற வேண்டும் வந்து இதன் அது அவன் தான் பலரும் என்னும் மேலும் பின்னர் கொண்ட இருக்கும் தனது
உள்ளது போது என்றும் அதன் தன் பிறகு அவர்கள் வரை அவள் நீ ஆகிய இருந்தது உள்ளன வந்த இருந்த மிகவும் இங்கு மீது ஓர் இவை
இந்தக் பற்றி வரும் வேறு இரு இதில் போல் இப்போது யார் எப்படி எங்கே ஏன் எப்போது`

const turkishStop = `acaba ama ancak aslında az bana bazı belki ben beni benim bir biri birkaç birşey biz bize bizi
bizim bu buna bunda bundan bunlar bunu bunun burada çok çünkü da daha de değil diye eğer en gibi hem hep hepsi
her hiç için ile ise işte kadar kez ki kim kime kimi mı mi mu mü nasıl ne neden nerde nerede nereye niçin niye o
olan olarak oldu olduğu olsa on ona ondan onlar onu onun oysa öyle pek sanki sen seni senin siz size şey şu şuna
şunu tüm var ve veya ya yani yok zaten hangi`
