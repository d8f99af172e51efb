"""How facts are stated and asked: attributes, sentence cores, openings and closings. {a} attribute, {e} entity, {v} value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attribute:
    name: str
    value: str
    entities: tuple[str, ...]
    statements: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()


def lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


# name | kind of value | kinds of entity | own statements | own questions
ATTRIBUTES = tuple(
    Attribute(name, value, tuple(kinds.split()), *(tuple(p for p in part.split("; ") if p) for part in (said, asked)))
    for name, value, kinds, said, asked in (tuple(field.strip() for field in line.split("|")) for line in lines("""
access code | code | person place company project device | you get into {e} with the code {v} | Which code opens {e}?
serial number | code | ship device | {e} bears the serial number {v}; stamped on {e} is the number {v} | What number is stamped on {e}?
room number | code | person event study | {e} is to be found in room {v} | In which room is {e}?
locker number | code | person ||
catalogue number | code | place company study | {e} is catalogued under {v} | Under what number is {e} catalogued?
telephone extension | code | person company | you reach {e} on extension {v} | On which extension do I reach {e}?
ticket number | code | person event ||
account number | code | person company project | {e} banks under the number {v} |
registration mark | code | ship company agreement | {e} is registered as {v} | As what is {e} registered?
reference number | code | agreement case study project | {e} is filed as {v} | How is {e} filed?
safe combination | code | person place company | the safe of {e} opens with {v} | What opens the safe of {e}?
call sign | code | ship person | on the wireless {e} answers to {v} |
part number | code | device | {e} is sold under the part number {v} |
case number | code | case ||
opening date | date | place event | {e} opened on {v}; the doors of {e} were opened on {v} | When did {e} open?; When was {e} opened?
birthday | date | person | {e} was born on {v}; {v} is the day on which {e} was born | When was {e} born?; On what day was {e} born?
date of completion | date | place project ship study | {e} was completed on {v}; work on {e} ended on {v} | When was {e} completed?; When was {e} finished?
departure date | date | ship person | {e} departed on {v}; {e} left on {v} | When did {e} depart?; When did {e} leave?
deadline | date | project study | {e} has to be done by {v} | By when must {e} be done?
wedding day | date | person | {e} was married on {v} | When did {e} marry?; When was {e} married?
date of founding | date | company place | {e} was founded on {v}; {e} came into being on {v} | When was {e} founded?
date of the audit | date | company project agreement | {e} was audited on {v} | When was {e} audited?
signing date | date | agreement | {e} was signed on {v}; the parties signed {e} on {v} | When was {e} signed?
expiry date | date | agreement | {e} expires on {v}; {e} runs until {v} | When does {e} expire?; Until when does {e} run?
date of the hearing | date | case | {e} was heard on {v} | When was {e} heard?
closing time | moment | place event | {e} closes at {v} | When does {e} close?
hour of departure | moment | ship person | {e} sets out at {v} | At what hour does {e} set out?
visiting hour | moment | place person | {e} receives visitors at {v} |
annual rent | amount | place agreement | {e} is let for {v} a year; the tenants of {e} pay {v} a year | How much is paid a year for {e}?
purchase price | amount | place ship company device | {e} was bought for {v}; {e} cost {v} | For how much was {e} bought?; What did {e} cost?
yearly budget | amount | company project study | {e} may spend {v} a year | How much may {e} spend a year?
insured value | amount | place ship device | {e} is insured for {v} | For how much is {e} insured?
debt | amount | person company | {e} owes {v} | How much does {e} owe?
salary | amount | person | {e} earns {v}; {e} is paid {v} | How much does {e} earn?; How much is {e} paid?
registration fee | amount | event company | it costs {v} to register for {e} | What does it cost to register for {e}?
ransom | amount | person | {e} was set free for {v} | For how much was {e} set free?
monthly fee | amount | agreement company | {e} costs {v} a month | What does {e} cost a month?
damages | amount | case | in {e} the court awarded {v} | How much was awarded in {e}?
penalty | amount | agreement project | whoever breaks {e} pays {v} | What does one pay for breaking {e}?
interest rate | share | agreement company | {e} bears interest at {v} | At what rate does {e} bear interest?
response rate | share | study ||
discount | share | company agreement | {e} grants a discount of {v} | What discount does {e} grant?
efficiency | share | device project | {e} works at {v} of what it could |
length | measure | ship place | {e} is {v} long | How long is {e}?
weight | measure | ship device | {e} weighs {v} | How much does {e} weigh?
capacity | measure | place ship device | {e} holds {v} | How much does {e} hold?
travel time | duration | person ship | {e} needs {v} for the journey | How long does {e} need for the journey?
depth | measure | place | {e} is {v} deep | How deep is {e}?
notice period | duration | agreement person | {e} may be ended with notice of {v} | With what notice may {e} be ended?
daily output | measure | company place device | {e} turns out {v} a day | How much does {e} turn out a day?
warranty period | duration | device agreement | {e} is under warranty for {v} | For how long is {e} under warranty?
sample size | number | study | {e} rests on {v} cases | On how many cases does {e} rest?
crew | number | ship | {e} is manned by a crew of {v} | By how many is {e} manned?
owner | person | place ship company device | {e} belongs to {v}; {v} owns {e} | Who owns {e}?; To whom does {e} belong?
architect | person | place | {e} was designed by {v}; {v} drew the plans of {e} | Who designed {e}?; Who drew the plans of {e}?
captain | person | ship | {e} sails under {v}; {v} commands {e} | Who commands {e}?; Under whom does {e} sail?
manager | person | company project event place | {e} is run by {v}; {v} manages {e} | Who runs {e}?; Who manages {e}?
chief editor | person | company study | {e} is edited by {v} | Who edits {e}?
teacher | person | person | {e} was taught by {v}; {v} taught {e} | Who taught {e}?
guardian | person | person place | {e} is in the care of {v} | Who takes care of {e}?
deputy | person | person company | when away, {e} is replaced by {v} | Who replaces {e}?
founder | person | company place event | {e} was founded by {v}; {v} founded {e} | Who founded {e}?
physician | person | person | {e} was treated by {v} | Who treated {e}?
lawyer | person | person company case | {e} is represented by {v} | Who represents {e}?
cook | person | place ship ||
judge | person | case | {e} was heard by {v}; {v} presided over {e} | Who presided over {e}?; Which judge heard {e}?
main author | person | study | {e} was written by {v}; {v} wrote {e} | Who wrote {e}?
inventor | person | device | {e} was invented by {v}; {v} invented {e} | Who invented {e}?
guarantor | person | agreement | {v} stands surety for {e} | Who stands surety for {e}?
sponsor | person | event project study | {e} is paid for by {v} | Who pays for {e}?
home town | name | person | {e} comes from {v}; {e} hails from {v} | Where does {e} come from?; Where does {e} hail from?
head office | name | company project | {e} has its seat at {v}; {e} is based in {v} | Where is {e} based?; Where does {e} have its seat?
birthplace | name | person | {e} was born in {v} | Where was {e} born?; In what town was {e} born?
home port | name | ship | {e} is berthed at {v} | Where is {e} berthed?
place of burial | name | person | {e} lies buried at {v} | Where is {e} buried?
summer residence | name | person | {e} spends the summer at {v} | Where does {e} spend the summer?
nearest village | name | place | the village next to {e} is {v} | Which village is next to {e}?
venue | name | event | {e} is held at {v} | Where is {e} held?
governing court | name | agreement case | disputes about {e} go to the court at {v} | Which court decides about {e}?
emblem | word | company place ship ||
password | word | person project place | {e} lets in whoever says {v} | What must one say to {e}?
main crop | word | place ||
secret word | word | person project ||
favourite dish | word | person | {e} likes best to eat {v} | What does {e} like best to eat?
code name | word | person project device | {e} goes by the name of {v} | By what name does {e} go?
trademark | word | company device ||
cargo | word | ship | {e} carries {v} | What does {e} carry?
favourite colour | colour | person | {e} prefers {v} to any other colour | Which colour does {e} prefer?
colour of the door | colour | place | the door of {e} is painted {v} | What colour is the door of {e}?
colour of the flag | colour | ship company event | {e} flies a flag of {v} | What colour of flag does {e} fly?
main condition | duty | agreement project event | {e} holds on condition {v} | On what condition does {e} hold?
first rule | duty | company place | {e} demands {v} | What does {e} demand?
last wish | duty | person | {e} asked {v} | What did {e} ask?
reason for the delay | cause | project ship event | {e} was delayed by {v} | What delayed {e}?; Why was {e} late?
cause of the failure | cause | company device study | {e} failed through {v} | Through what did {e} fail?; Why did {e} fail?
subject | cause | case study | {e} is about {v} | What is {e} about?
"""))
)  # fmt: skip

# The first four are what a short curriculum begins with.
STATEMENTS = lines("""
the {a} of {e} is {v}
{e}'s {a} is {v}
for {e}, the {a} is {v}
the {a} of {e} was {v}
{e}'s {a} was {v}
as for {e}, the {a} is {v}
the register gives the {a} of {e} as {v}
{e} has as {a} {v}
in the case of {e}, the {a} was set down as {v}
{e}: the {a} is {v}
{e} ({a}: {v}) is listed below
{a} of {e}: {v}
the record for {e} lists the {a} as {v}
on file, {e}'s {a} reads {v}
the {a} belonging to {e} is {v}
when asked about {e}, the clerk named the {a}: {v}
the {a} for {e} remains {v}
as regards the {a} of {e}, it is {v}
{e} still has the same {a}, namely {v}
the {a} that {e} has is {v}
the letter names {v} as the {a} of {e}
{v} is the {a} of {e}
{v} was given as the {a} of {e}
the {a} of {e}, {v}, is well known
{e}, whose {a} is {v}, was mentioned again
with {e}, the {a} is {v}
the {a} recorded for {e} is {v}
the {a} of {e} has been {v} for years
the {a} of {e} is to be {v}
{e} is entered with {v} as its {a}
they put the {a} of {e} at {v}
everyone took {v} for the {a} of {e}
concerning {e}, the {a} stands at {v}
what matters about {e} is the {a}, which is {v}
the {a} of {e} turned out to be {v}
{e} and its {a}, {v}, need no comment
""")
OPENINGS = lines("""
by the way,
it should be added that
let it be noted that
according to the papers,
as the deed has it,
we were told that
no one doubted that
everyone agreed that
it is well known that
I remember that
the letter states that
at that time
in those days
as far as we know,
to be exact,
in the end
it turned out that
he told me that
she wrote that
under clause four,
on page nine of the ledger it says that
for the record,
they found out that
it appears that
in fact,
""")
CLOSINGS = lines("""
, as before
, and nobody disputed it
, as the ledger shows
, or so the clerk wrote
, if the papers are right
, and that was that
, which surprised no one
, as I learned later
, as agreed
, according to the notes
 to this day
, at least on paper
""")
CORRECTIONS = lines("""
the {a} of {e} is not {o} but {v}
the {a} of {e} was changed from {o} to {v}
contrary to what was said, the {a} of {e} is {v} and not {o}
a correction: the {a} of {e} is {v}, not {o}
the {a} of {e} is no longer {o}; it is now {v}
instead of {o}, {e} now has as {a} {v}
""")
QUESTIONS = lines("""
what is the {a} of {e}?
what is {e}'s {a}?
what was the {a} of {e}?
what {a} does {e} have?
tell me the {a} of {e}.
can you find the {a} of {e}?
give the {a} of {e}.
what does the document say is the {a} of {e}?
{e}: what is the {a}?
for {e}, what is the {a}?
state {e}'s {a}.
which {a} is given for {e}?
I need the {a} of {e}.
name the {a} of {e}.
what is the {a} for {e}?
look up the {a} of {e}.
{a} of {e}?
how is the {a} of {e} given?
find {e}'s {a}.
is there a {a} for {e}, and what is it?
do you know the {a} of {e}?
what did they say about the {a} of {e}?
could you give me {e}'s {a}?
I would like to know the {a} of {e}.
""")
REQUESTS = lines("""
please,
according to the document,
from the text,
now,
next question:
and
can you say
tell me,
I wonder,
in this document,
""")
