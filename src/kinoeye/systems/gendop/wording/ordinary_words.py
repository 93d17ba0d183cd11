"""Ordinary English that captions hold beside the camera: what stands about, who does what, where, and in which mood.

Training draws from it wherever a caption speaks of anything but the camera, so that unknown prose is read as prose.
No verb, subject or place of `eval_phrases` may occur here.
"""

from __future__ import annotations

from random import Random

THINGS = tuple(
    """
    table chair desk lamp clock mirror window door curtain carpet rug shelf bookcase cabinet drawer sofa couch bench
    stool bed pillow blanket cushion candle candlestick lantern bulb fire stove oven kettle teapot cup mug glass
    bottle jar bowl plate spoon fork knife pan basket box crate barrel chest trunk suitcase bag backpack purse wallet
    key lock chain rope ladder hammer saw drill toolbox nail bucket broom mop sink bathtub tap pipe radiator fan
    heater fridge phone telephone radio television screen monitor laptop computer keyboard printer camera tripod
    microphone speaker guitar drum trumpet cello flute harp piano book diary novel newspaper magazine letterbox
    envelope postcard poster photograph portrait painting easel canvas brush statue bust sculpture figurine vase
    flower rose tulip lily sunflower bouquet wreath plant fern cactus ivy bush hedge tree oak pine willow birch palm
    trunk branch leaf root log stump grass moss mushroom apple orange lemon pear peach cherry grape banana melon
    pumpkin bread loaf cheese egg pie soup coffee tea wine beer candle crown ring necklace bracelet earring watch hat
    cap helmet mask scarf coat jacket dress shirt uniform boot shoe sandal glove umbrella cane flag banner kite
    balloon ball doll teddy toy puzzle dice coin medal trophy treasure gem diamond crystal stone rock boulder pebble
    brick tile beam pillar column arch gate fence wall roof chimney tower dome balcony terrace staircase stairway
    banister railing elevator escalator corridor threshold car truck van bus taxi tram carriage wagon cart bicycle
    motorbike scooter tractor boat ship ferry canoe raft sail yacht submarine plane helicopter glider rocket spaceship
    drone robot machine turbine generator pump crane bulldozer signpost billboard streetlight hydrant mailbox fountain
    well statue monument tomb gravestone altar pew pulpit organ bell compass atlas scroll quill ink parchment sword
    shield spear bow arrow armour cannon tent campfire hammock fishing-rod net lifeboat buoy surfboard seashell
    driftwood sandcastle snowman sledge icicle waterfall stream brook river lake pond puddle wave cloud moon sun star
    rainbow reflection sculpture ruin wreck skeleton skull bone feather nest egg web cocoon butterfly moth bee
    dragonfly spider bird crow owl eagle hawk swan duck goose hen rooster pigeon seagull parrot dog puppy cat kitten
    horse pony donkey cow calf sheep lamb goat pig rabbit hare fox wolf bear deer stag squirrel hedgehog mouse rat
    frog toad snake lizard turtle fish shark whale dolphin crab lobster octopus elephant lion tiger leopard giraffe
    zebra camel monkey gorilla
    """.split()
)  # fmt: skip
PARTS = tuple(
    """
    face eyes hands fingers shoulder back smile expression profile feet lips forehead cheek wrist collar sleeve
    surface corner base top rim handle lid label pattern texture detail shape outline contents centre centrepiece
    reflection glow inscription lettering carving engraving wheels hull deck facade entrance doorway
    """.split()
)  # fmt: skip
MATTERS = tuple(
    """
    emotion tension scale loneliness mystery drama intimacy wonder unease calm silence chaos grandeur isolation
    urgency warmth danger anticipation melancholy joy grief determination fragility elegance decay nature history
    craftsmanship conversation argument celebration ceremony battle performance rehearsal meeting scene composition
    layout architecture surroundings atmosphere mood setting landscape space depth distance relationship contrast
    symmetry texture colour light darkness movement rhythm arrangement variety extent height vastness
    """.split()
)  # fmt: skip
PEOPLE = tuple(
    """
    man woman girl boy child baby toddler teenager grandmother grandfather mother father brother sister cousin uncle
    aunt neighbour stranger friend guest host visitor tourist traveller pilgrim farmer shepherd gardener carpenter
    blacksmith mechanic plumber electrician builder miner sailor captain pilot driver cyclist runner swimmer climber
    skater surfer boxer wrestler footballer goalkeeper referee coach teacher student professor scientist engineer
    inventor doctor surgeon patient dentist lawyer judge witness prisoner guard policeman officer soldier general king
    queen prince princess knight monk nun priest merchant shopkeeper barista waiter waitress cook baker butcher tailor
    painter sculptor potter writer poet journalist photographer musician guitarist pianist drummer singer dancer
    ballerina actor actress magician clown juggler beggar thief pirate cowboy explorer hunter hiker lifeguard
    firefighter postman cashier clerk secretary manager worker couple family crowd audience team protagonist heroine
    hero villain speaker performer figure person subject character reader listener vendor commuter bystander
    """.split()
)  # fmt: skip
PLACES = tuple(
    """
    room bedroom bathroom kitchen living-room dining-room basement cellar garage barn stable shed cottage cabin
    farmhouse mansion palace castle fortress temple church chapel mosque shrine cemetery graveyard school classroom
    university laboratory hospital clinic office lobby corridor hallway hotel restaurant cafe bar pub bakery shop
    market supermarket mall warehouse factory workshop studio theatre cinema stage gallery museum library bookshop
    station platform airport terminal runway harbourfront dock pier jetty beach shore coastline cliff cove bay lagoon
    island reef ocean sea lake river riverbank stream waterfall swamp marsh wetland forest jungle wood clearing meadow
    field pasture prairie savanna steppe desert dune oasis valley gorge ravine hill hillside mountain peak ridge
    summit glacier tundra cave tunnel mine quarry volcano village town city suburb street avenue alley square plaza
    park garden courtyard patio rooftop bridge highway road path trail crossroads playground stadium arena gym pool
    spa prison cell courtroom construction-site junkyard scrapyard campsite spaceship cockpit submarine nightclub
    casino circus fairground carnival zoo stable wine-cellar throne-room great-hall banquet-hall
    """.split()
)  # fmt: skip
ADJECTIVES = tuple(
    """
    old young new ancient modern tiny small large huge enormous tall short wide narrow long broken shattered cracked
    polished dusty rusty dirty clean empty full crowded quiet silent noisy busy calm peaceful stormy sunny rainy foggy
    misty snowy icy cold warm hot dry wet dark bright dim shadowy glowing shining gleaming golden silver bronze wooden
    metal steel stone marble glass crystal ceramic leather velvet silk woollen red blue green yellow orange purple
    pink brown grey black white pale colourful faded ornate simple plain elegant shabby abandoned deserted lonely
    hidden secret distant central main single solitary final sleeping waiting sitting standing seated smiling weeping
    tired exhausted nervous anxious happy sad angry thoughtful weary wounded mysterious strange beautiful magnificent
    majestic towering imposing delicate fragile intricate detailed weathered crumbling overgrown lush barren rocky
    sandy grassy muddy winding steep flat curved round square circular vast open cluttered tidy lavish humble famous
    unknown familiar dramatic tense intimate urgent solemn festive playful eerie bleak cosy sleek futuristic vintage
    antique medieval futurist industrial rural urban domestic holy haunted wild tame massive giant gigantic miniature
    double second third last next only same other several many few some whole entire
    """.split()
)  # fmt: skip
ADVERBS = tuple(
    """
    deliberately carefully quietly silently seamlessly elegantly delicately dramatically purposefully confidently
    tentatively hesitantly naturally effortlessly dreamily eerily curiously patiently nervously boldly playfully
    solemnly simply merely almost barely nearly really truly fully entirely completely clearly visibly noticeably
    perfectly directly precisely exactly evenly uniformly continuously constantly always never often sometimes still
    just even only again once together apart there here everywhere somewhere meanwhile perhaps indeed however instead
    otherwise moreover likewise thereby thus hence besides overall altogether
    """.split()
)  # fmt: skip
DOINGS = tuple(
    """sits by the window|reads a letter aloud|pours a cup of tea|lights a cigarette|looks out to sea
stares into the distance
opens the curtains|closes the door behind them|packs a suitcase|puts on a coat|brushes her hair
plays the piano|tunes a guitar|sings to the crowd|conducts the orchestra|paints a portrait|carves a block of wood
hammers a nail|repairs the motor|kneads the dough|chops vegetables|stirs the soup|serves the guests|washes the dishes
sweeps the floor|waters the plants|picks an apple|feeds the ducks|rides past|rides over the hill|swims to the shore
rows across the lake|climbs the stairs|comes down the ladder|walks through the gate|runs for the bus
jumps over the fence
falls asleep|wakes with a start|breathes heavily|weeps|frowns|nods|shakes his head|blinks|shouts|whispers a secret
tells a story|argues with the guard|hugs an old friend|shakes hands|bows|claps|waits for an answer|hesitates|hides
listens
thinks it over|writes in a diary|signs the paper|counts the money|deals the cards|rolls the dice|wins the race
crosses the finish line|lifts the trophy|drops the glass|spills the wine|breaks the seal|loads the truck|starts the car
goes off|lands on the roof|takes off|flies over the water|drifts on the current|rocks in the wind|burns|melts|glows
flickers|spins|rolls down the hill|swings back and forth|turns to the right|moves to the left|steps forward|backs away
leans against the wall|lies on the grass|rests in the shade|rises from the seat|bends down|reaches for the handle|pulls
the rope|pushes the cart|holds a lantern|carries a basket|leads the horse|follows the path|chases the ball
catches a fish
works at the bench|types|draws a plan|studies the plan|examines the evidence|searches the drawers|finds the key
unlocks the gate|enters the hall|leaves the room|appears in the doorway|disappears into the crowd|returns home
arrives at the station|departs|gathers the others|gives a speech|raises a toast|celebrates|mourns|prays|meditates
stretches|exercises|cycles past|dances with a partner|prepares for the fight|guards the entrance|watches the sunset
watches over the sleeping child|tends the fire|harvests the wheat|builds a wall|digs a hole
buries the treasure""".replace(
        "\n", "|"
    ).split("|")
)  # fmt: skip
ASIDES = (
    "{P} {x} {d}", "revealing {t}", "to reveal {t}", "showing how {P} {d}", "which reveals {t}", "that shows {t}",
    "emphasizing the {m} of {t}", "to emphasise the {m} of the {l}", "highlighting {t} and {t}", "as {P} {d}",
    "while {P} {d}", "with {t} in the foreground", "with {t} behind {P}", "as though {P} were {a}", "so we see {t}",
    "so that {t} fills the frame", "giving us {t}", "capturing the {m} between {P} and {P}", "to show the {m}",
    "conveying {m}", "to convey a sense of {m}", "adding {m}", "to build {m}", "for a feeling of {m}", "underlining "
    "their {m}", "keeping {t} sharp", "where {P} {d}", "who {d}", "as they {x} {t}", "in which {P} {d}", "whose {b} "
    "is {a}", "near {t}", "between {t} and {t}", "just past {t}", "inside the {a} {l}", "outside the {l}",
    "against {t}",
    "among the {a} ones", "by {t}", "from {t}'s side", "at the far end of the {l}", "in the middle of the {l}",
    "for the sake of {m}", "matching the {m}", "mirroring {P}", "exploring the {m} of the {l}", "surveying the {l}",
    "taking in the {l}", "letting the {m} sink in", "to establish the {l}", "presenting {t} in detail", "over the {l}",
    "across {t}", "through the {l}", "past {P}", "along the {a} {t0}", "under {t}", "above the {l}",
    "around them are {t}",
    "leading us to {t}",
    "as if {P} looked for {t}", "until {t} comes into view", "before {P} {d}",
    "after {P} {d}",
    "right behind {t}", "right in front of {P}", "at the back of the {l}", "over there by {t}", "out in the {a} {l}",
    "back in the {l}", "down by {t}", "up on {t}", "where {t} still stands", "as {t} stays where it is",
    "while nothing else moves", "just as {t} comes to rest", "in place of {t}", "where it all took place",
    "for the first time", "one last time", "with what is left of {t}", "with what remains of {t}",
    "as if time stood still", "with {P} still at {t}", "as {t} falls behind", "here and there",
    "at the front of the {l}",
    "on the far side of {t}", "on the left of {P}", "with {t} on the left", "with {t} to the right of {P}",
    "where {t} stands on the right", "at the top of the stairs", "at the bottom of the {l}", "as {P} stops",
    "as {P} moves on", "while {P} remains", "as the {l} opens up", "once {t} is in place", "as {P} looks up at {t}",
    "high above the {l}", "low over the {l}", "as {P} turns to {P}", "while {P} goes back to {t}", "up there",
    "far below",
    "bringing the {b} of {t} closer", "isolating {P}", "connecting {P} with {t}", "with {a} {m}", "in {a} light",
)  # fmt: skip
"""Asides of a clause about something else. {t} a thing, {t0} its noun, {P} somebody, {d} does something, {l} a place,
{m} an abstract noun, {a} an adjective, {b} a part of something, {x} any word."""
SENTENCES = (
    "{P} {d}.", "{P} {d} in the {l}.", "{t} stands in the {l}.", "it is a {a} {l}.", "the {l} is {a} and {a}.",
    "{P} and {P} are in the {l}.", "there is {t} beside {t}.", "{t} is {a}.", "the mood is {a}.", "the scene is {a}.",
    "we are in a {a} {l}.", "the {m} is {a}.", "{P} {d} while {P} {d}.", "in the {l}, {P} {d}.",
    "a {a} day in the {l}.",
    "{P}'s {b} is {a}.", "they are {a}.", "this conveys {m}.", "it emphasises the {m} of the {l}.", "the light is {a}.",
    "it was {a} once.", "nobody {x}.", "the focus is on {t}.", "the {l} would be {a} without {t}.", "all of it is {a}.",
)  # fmt: skip

SLOTS = {"thing": "{t}", "person": "{P}", "does": "{d}", "place": "{l}"}
"""Slots of the phrases of a stream -> slots here."""


def a_thing(rng: Random) -> str:
    """A noun phrase, such as "the dusty mirror of the gardener"."""
    noun = rng.choice(THINGS)
    draw = rng.random()
    if draw < 0.3:
        return f"the {noun}"
    if draw < 0.42:
        return f"a {noun}"
    if draw < 0.62:
        return f"the {rng.choice(ADJECTIVES)} {noun}"
    if draw < 0.7:
        return f"{rng.choice(('his', 'her', 'its', 'their', 'our'))} {rng.choice((noun, rng.choice(PARTS)))}"
    if draw < 0.78:
        return f"the {rng.choice(PARTS)} of {rng.choice(('the', 'a', 'this', 'that'))} {noun}"
    if draw < 0.84:
        return f"the {noun}s"
    if draw < 0.9:
        return f"the {rng.choice(PEOPLE)}'s {rng.choice(PARTS)}"
    if draw < 0.95:
        return f"the {rng.choice(ADJECTIVES)} {rng.choice(PLACES)}"
    return f"the {rng.choice(MATTERS)} of the {rng.choice(PLACES)}"


def a_person(rng: Random) -> str:
    """Somebody, such as "the weary gardener"."""
    person = rng.choice(PEOPLE)
    draw = rng.random()
    if draw < 0.08:
        return rng.choice(("he", "she", "they", "someone", "everyone", "nobody", "them all", "two friends"))
    if draw < 0.6:
        return f"{rng.choice(('the', 'the', 'a', 'this'))} {person}"
    return f"{rng.choice(('the', 'the', 'a'))} {rng.choice(ADJECTIVES)} {person}"


def a_word(rng: Random) -> str:
    """Any word that says nothing about a camera."""
    return rng.choice(rng.choice((ADVERBS, ADVERBS, ADJECTIVES, THINGS, PARTS, MATTERS, PLACES, PEOPLE)))


def filled(pattern: str, rng: Random) -> str:
    """A pattern of `ASIDES` or `SENTENCES` in words.

    Example:
        >>> filled("{t} is {a}.", Random(1))
        'the shattered bathtub is woollen.'
    """
    draws = {
        "{t}": a_thing, "{t0}": lambda rng: rng.choice(THINGS), "{P}": a_person, "{x}": a_word,
        "{d}": lambda rng: rng.choice(DOINGS), "{l}": lambda rng: rng.choice(PLACES),
        "{m}": lambda rng: rng.choice(MATTERS), "{a}": lambda rng: rng.choice(ADJECTIVES),
        "{b}": lambda rng: rng.choice(PARTS),
    }  # fmt: skip
    for slot, draw in draws.items():
        while slot in pattern:
            pattern = pattern.replace(slot, draw(rng), 1)
    return pattern
