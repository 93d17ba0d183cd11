"""Ways in which English names or describes the named places, beside the shot grammar's own names.

A reader of captions that is taught with the few names that captions of the train stream have reads those alone. Here
are kinds and parts of each place, what grows, stands and lies there, its light, weather and hour, with and without the
usual noun, formal and colloquial, a few words or a sentence's worth. What belongs to several places is told apart by
what the places look like (`shot.environments`): dry grass in evening light is the sunset plain, the same at midday a
meadow; a dark street is at night, one on a dull day is the overcast plaza.

A phrase that begins with a preposition tells where or when ("under street lamps"); others are nouns.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_DESERT = """
rolling sand dunes; the Sahara; the Gobi; the Mojave; the Arabian sands; a dry wasteland; a barren wilderness;
the badlands; a parched landscape; scorched earth; sun-baked earth; cracked dry ground; a dried-up riverbed;
a dry lake bed; the salt flats; a rocky desert; a stony desert; a red rock canyon; a sandstone canyon; a mesa;
buttes and mesas; an arroyo; a dusty wadi; an oasis; a caravan route; a caravan trail through the sand;
an outback track; the Australian outback; red dirt; a dust bowl; waterless country; rainless country;
desolate sands; shifting sands; burning sands; golden sand as far as the eye can see; sand and scattered boulders;
reddish boulders on the sand; a cactus patch; tall cacti; saguaro cactus country; cactus and tumbleweed; tumbleweed;
a dusty trail out west; Death Valley; the Namib; the Kalahari; Arizona; the Sonoran wilderness; a Martian landscape;
the surface of Mars; a planet of sand; scorching heat; shimmering heat; a heat haze; blistering midday heat;
a mirage; a sandstorm; a dust storm; windblown sand; wind-carved sandstone; ripples of windswept sand;
a sandy waste; a sandy plain at midday; a sandpit the size of a country; a barren plain of gravel; gravel and sand;
a gravel plain; sunburnt hills; dry rocky hills; a sun-scorched valley; a treeless, waterless waste;
bone-dry ground; camel country; a camel track; the ruins of a Bedouin camp; a nomad camp; Bedouin tents;
pyramids in the distance; near the pyramids; the sands of Egypt; an Egyptian desert;
a cowboy landscape of rocks and dust; a lonely desert highway; a sandy track; dry heat and dust; nothing but sand;
nothing but dust and stones; a place where it never rains; amid the dunes; between two dunes; on top of a dune;
on the crest of a dune; under a merciless sun; under the burning sun with sand everywhere;
in the scorching sun among bare rocks; in blistering heat; amid cacti; among sandstone rocks;
across the barren sands; with dunes on the horizon; with sand all around; far from any water;
with cacti and dry rocks behind; miles from the nearest well; a semi-desert; desertlike terrain; xeric scrubland;
dry scrubland in the heat of the day; parched scrub; a dusty plateau; sand drifts half burying the rocks;
an ocean of dunes; a sand-covered plain; Wadi Rum; the Atacama; Saharan dunes; a drought-stricken plain;
a sun-bleached wasteland; an ochre wasteland; ochre rocks and sand; a place of sand and stones; a sandy wilderness;
a furnace of a valley
"""
_MEADOW = """
a grassy meadow; a flowery meadow; a field of wildflowers; wildflowers; a field of daisies; a field of clover;
a mown lawn; a garden lawn; the lawn of a park; a park; a city park; parkland; a public park on a sunny day;
a playing field; a football pitch; a cricket ground; a golf course; a putting green; the village green;
a common with mown grass; a picnic spot; a picnic meadow; an orchard; an apple orchard; a grassy slope;
a grassy hill; a grassy hillside; green hills; rolling green hills; a gentle green valley; a verdant valley;
an alpine meadow; an alp in summer; tall grass; long green grass; knee-high grass; soft grass; fresh spring grass;
a carpet of grass; a carpet of flowers; a blooming field; a buttercup field; poppies; a field of poppies;
a hay meadow; a hayfield; a paddock; a horse paddock; a farm field; farmland; green farmland;
a barley field in early summer; a wheat field; the countryside; the open countryside;
the green countryside in summer; a rural landscape; rural fields; a lea; the prairie at midday; the green prairie;
a grassy plain in full daylight; greensward; a stretch of turf; springy turf; a sward; a sunny glen;
a dell full of flowers; a grassy verge; a backyard; a grassy back garden; a sunny garden; a green garden;
a flower garden; a botanical garden; a campsite on the grass; open grassland; rich grassland; the downs;
chalk downs in summer; the South Downs; a grazing meadow with a few trees; broad-leaved trees on a lawn;
a few oaks on green grass; scattered shade trees; a summer's day in the country; a sunny spring day outdoors;
a bright summer day on the grass; spring in bloom; butterflies and blossom; bees and clover; dandelions;
a dandelion field; bluebells and grass in the sunshine; a place for picnics; grass as far as one can see;
green as far as the eye can see; green fields; fields of green; on green grass; on a sunny lawn; over the grass;
through tall grass; through the clover; among buttercups; amid wildflowers; among the daisies; among grazing sheep;
in the long grass; in the tall grass; in a green valley; in the countryside; out in the country;
with green grass all around; surrounded by flowers; where cows graze; where the sheep graze; a shepherd's hillside;
an Irish hillside; the Shire; an emerald field; an idyllic pastoral scene; a pastoral landscape; a bucolic scene;
a leafy park; a sunlit clearing of grass and flowers; a grass field; a grass plain; a grassy bank; a grassy knoll;
a flood meadow; a water meadow; a river meadow; a field in full bloom
"""
_SNOW = """
a snowy landscape; a snow-covered field; a blanket of snow; deep snow; a snowdrift; snowdrifts; powder snow;
fresh powder; untouched powder; a ski slope; a ski piste; a ski resort; the slopes; a sledding hill; a toboggan run;
a winter wonderland; a winter scene; a frozen field; a frozen lake; a frosty field; a frozen wasteland;
an icy waste; an icy plain; an ice field; an ice sheet; a glacier; the glacier; pack ice; an ice floe;
a polar landscape; the North Pole; the South Pole; Antarctica; Siberia; Lapland; Greenland; Alaska in January;
the frozen north; the far north; the taiga in winter; permafrost; frozen ground; icy ground; a whiteout; a blizzard;
a snowstorm; a flurry of snow; falling snow; gently falling snowflakes; snowfall; a snow shower;
the first snow of the year; freshly fallen snow; crisp snow; slush and snow; a thick layer of snow; snowbanks;
a snowbound valley; a snowed-in valley; a snow-clad hillside; snow-capped firs; snow-laden pines; snow-dusted firs;
fir trees heavy with snow; frosted pines; white pines; a snowy forest; a snowy wood; a wintry forest;
snowy mountains; an alpine snowfield; a snow-covered mountain; a snowy peak; a snowy pass; high mountain snow;
an avalanche slope; a snowy hillside; a snowy meadow; a snowy plain; a snowy park; a snow-covered garden;
a field under snow; a white field; a white plain; a cold white world; a white desert of ice; a wintry waste;
a wintry field; a frosty morning; a frosty winter morning; a freezing cold day; a cold winter's day; a December day;
Christmas in the mountains; Christmas weather; sub-zero cold; bitter cold; icy cold; frost; hoarfrost; rime and ice;
icicles; ice and snow; snow and ice; a snow-white plain; an igloo village; an Inuit camp; near an igloo;
by a snowman; beside a snowman; a snowman on a white lawn; a snowball fight; penguin country; reindeer country;
a sleigh track; a sled dog trail; a husky trail; a cross-country ski trail; a frozen river; in the snow;
in deep powder; in midwinter; in the middle of winter; in the dead of winter; in the depths of winter;
on a winter day; on the ice; on the frozen ground; on skis; on the slopes; through a blizzard; through the drifts;
through ankle-deep snow; across the ice; over frozen ground; under snow-laden branches; under falling snow;
amid snowflakes; amid drifts; among snow-covered firs; with everything white; with snow on the ground;
with snow on the pines; while it snows; as snow falls; below freezing; a place of eternal snow; a frigid landscape;
an arctic waste; a glacial valley; a hibernal scene; boreal winter; the ice age; a yeti's mountainside; the ice;
powdery white ground; ground white with frost; a cold, white, silent field
"""
_BEACH = """
the beach; a sandy shore; a tropical beach; a white sand beach; a palm-fringed beach; a pebble beach;
a shingle beach; the seafront; the waterfront; the waterside; the water's edge; the ocean; the oceanfront;
the ocean shore; the Mediterranean; the Caribbean; the Pacific coast; the coastline; a rocky coast; a sandy coast;
a cove; a secluded cove; a bay; a sandy bay; a sheltered bay; a lagoon; an inlet; an estuary; a sandbar; a sandbank;
a spit of sand; mudflats; tidal flats; the tideline; the tidal zone; low tide; high tide; the surf; rolling surf;
breaking waves; crashing waves; gentle waves; the lapping waves; a surf spot; a surf beach; a surfers' paradise;
a holiday island; a desert island; a tropical island; an atoll; a coral island; an island paradise;
a paradise of palms and sand; palm trees by the water; coconut palms; a resort; a seaside resort; a beach resort;
a bathing resort; a beach bar; a beach club; a beach volleyball court; a lido; a boardwalk; a pier; a jetty;
a harbour beach; a fishing beach; a fishing cove; beached boats; a sandcastle; sandcastles; deckchairs;
deckchairs and parasols; sun loungers; parasols; a parasol and a towel; beach towels; seashells;
shells and driftwood; driftwood; seaweed; seaweed and pebbles; wet sand; soft white sand; warm sand by the water;
a strip of sand by the water; the strand; the shoreline; the lakeshore; a lakeside beach; a lake shore;
a riverside beach; a sunny coast; a summer coast; Malibu; Copacabana; Hawaii; the Maldives; Bali; Miami;
the Riviera; the Costa Brava; Bondi; the Algarve; Cornwall; a seaside holiday; a day at the seaside;
bathing weather; a swimming spot; a bather's bay; by the ocean; by the water; by the waves; beside the ocean;
at the water's edge; at low tide; at the seaside; on the sand by the water; on the sands at low tide; on an island;
on the strand; along the shoreline; along the water's edge; along the surf; along the coast; near the surf;
near the breakers; where the waves break; where the waves roll in; with the ocean behind; with waves rolling in;
with gulls overhead; amid rock pools; among rock pools; rock pools; a rock pool; tide pools; a cliff-backed beach;
sun and surf; a salty breeze; seagulls and salt air; a lighthouse shore; a marina; the barefoot sand of a bay;
a nudist beach; a bright littoral; a coastal strip; the maritime shore; a littoral of pale sand; under palm trees
"""
_NIGHT_STREET = """
a dark street; a night-time street; the streets at night; a city at night; a street lit by lamps; a street lamp;
street lamps; a row of street lights; a streetlight's glow; lamplight; the glow of lanterns; lanterns; gaslight;
a gaslit lane; a dim alley; a dark alley; an alleyway; a back alley; a shadowy lane; a backstreet;
a cobbled lane after dark; a boulevard by night; a moonlit street; moonlight; the moonlit town; a starry night;
the stars; pitch darkness; darkness; nightfall; the small hours; the witching hour; late evening; late at night;
the dead of night; a late-night city; the nocturnal city; a nocturne; a nocturnal scene; nightlife;
the nightlife district; the red-light district; downtown after hours; the city lights; bright city lights; neon;
neon lights; neon signs; a neon-lit street; a neon-soaked alley; glowing signs; lit windows;
lit-up windows in dark houses; glowing windows; illuminated windows; shop windows at night; headlights;
car headlights; a night market; a taxi stand at night; a bus stop at night; a parking lot at night;
a car park at night; a petrol station at night; a city block at night; a sleeping town; a sleeping city;
a dark neighbourhood; a dark suburb; a suburb by night; a night in the city; a night in town; a rooftop at night;
a street corner at night; a lamp post; a lone lamp post; under a lamp post; under a street light;
under a streetlamp; under the stars; under the moon; under the moonlight; under neon; under neon signs;
under a full moon in town; by lamplight; by moonlight; by night; by streetlight; after nightfall; after hours;
at two in the morning; in the dead of night; in the middle of the night; in the small hours; in lamplight;
in the moonlight; in the glow of a lamp; in the light of the lanterns; in the glare of headlights;
late in the night; long after bedtime; when the city sleeps; while the town sleeps; with only a lamp for light;
with the street lights on; with the windows lit; amid neon lights; among dark houses; between dark houses;
outside a nightclub; outside a bar at night; a bar district; a film noir street; a noir alley; a dark urban canyon;
a wet street full of reflections at night; rain-slick pavement under neon; dark pavement under a cold lamp;
a nearly unlit passage; a gloomy lane; a murky lane; dark tarmac; black asphalt; a darkened street; a darkened town;
blackout; Tokyo by night; Las Vegas; Times Square at night; a metropolis by night; a night scene; a cold blue night;
a late night walk; the night shift; New Year's Eve downtown; Halloween night; a thoroughfare after dark;
an ill-lit thoroughfare; dim light from windows; a lantern-lit quarter; the dark side of town
"""
_STUDIO = """
a photographic studio; a photographer's studio; a portrait studio; a film studio; a television studio; a TV studio;
a white studio; a grey studio; a sound stage; a soundstage; an infinity cove; an infinity wall; a cyclorama;
a cyc wall; a white cyc; a limbo background; a void; a grey void; a white void; blank space; a blank background;
a plain background; a neutral background; a clean background; a solid background; no background;
a featureless background; a grey background; a light grey background; a white background; a monochrome background;
a uniform background; a studio background; a gradient background; a blank grey wall; a blank wall; a plain wall;
a white wall; a bare wall; a smooth pale wall; a clean white cube; a white box; a minimalist space;
a featureless space; a featureless grey space; nowhere in particular; a neutral grey space; limbo; softboxes;
a softbox; softbox lighting; studio lighting; studio lights; diffused studio light; flash units; strobes;
umbrella lights; reflectors and softboxes; a ring light; key light and fill light; a photo shoot; a photoshoot;
a fashion shoot; a product shoot; a portrait session; a casting session; a screen test; a catalogue shot;
a headshot; a passport photo; a lookbook; a modelling session; a commercial shoot; a motion capture stage;
a mocap volume; a green screen; a chroma key stage; a bluescreen; a drape; a plain curtain; a dance studio;
a rehearsal studio; an artist's studio; an atelier; a ballet studio; a photo booth; a photo lab;
a modern loft studio; a showroom; a white gallery; a plain pale floor; a smooth grey floor; a grey floor;
a clean floor and nothing else; a blank canvas; a plain stage; a bare stage; a spotlight on a bare stage;
against a plain background; against a white wall; against white; against grey; against a blank wall;
in front of a plain wall; in front of a grey screen; in front of a canvas; before a plain screen; under softboxes;
under studio lights; under even lighting indoors; on a plain grey floor; on a white sweep; on a blank stage;
on a sound stage; at a photo shoot; at a fashion shoot; with nothing behind; with nothing around; with no scenery;
without any scenery; without a background; surrounded by nothing; isolated on white; isolated on grey; isolated;
evenly lit and plain; soft even light indoors; a simulated void; an abstract space; an abstract grey space;
a test scene; a render preview; a neutral display space
"""
_FOREST_CLEARING = """
deep woods; a forest; a dense forest; a pine forest; a fir forest; a spruce forest; a beech forest; oak woods;
a birch grove; a grove; an olive-green grove; a copse; a thicket; a spinney; a woodland; ancient woodland;
a woodland path; a forest path; a forest trail; a forest floor; a leaf-strewn forest floor; fallen leaves;
moss and ferns; ferns; pine needles; a carpet of pine needles; fallen branches; tree roots; gnarled roots;
tree stumps; tree trunks; towering trees; tall trees; tall pines; old oaks; giant redwoods; redwoods; sequoias;
conifers; a stand of conifers; a stand of birches; a ring of trees; a circle of trees; dense trees; dense foliage;
thick foliage; leafy shade; the shade of the trees; the shade of tall pines; dappled shade; dappled light;
dappled sunlight; light through the leaves; sunbeams through branches; a green canopy; the leaf canopy;
the treetops overhead; the undergrowth; thick undergrowth; brushwood; bushes and trees; the bush; the jungle;
a jungle clearing; a rainforest; a tropical rainforest; the Amazon; bamboo; a bamboo forest; the Black Forest;
Sherwood Forest; an enchanted forest; an enchanted wood; a fairy-tale forest; a fairy wood; an elven wood; Mirkwood;
a hunting ground in the woods; a hunter's clearing; a lumberjack camp; a logging camp; a forest camp; a scout camp;
a woodland camp; a log cabin in the trees; a hermit's hut in the woods; a backwoods spot; the backwoods;
the wildwood; the greenwood; timberland; wooded country; a wooded valley; a wooded hillside; a wooded hollow;
a hollow in the woods; a wooded park; a nature reserve full of trees; a national park with giant trees;
a tree nursery; a plantation of pines; an arboretum; sylvan shade; a sylvan scene; a verdant wood;
an opening in the forest; an opening among trees; a break in the trees; a bower; a dell among trees;
a fern-covered hollow; a mushroom patch; mushrooms and moss; a squirrel's home; deer country; a bear's forest;
an owl's wood; a place deep among trees; in the forest; in the jungle; in the shade of old trees; in dappled shade;
in the undergrowth; among the trees; among trees; among tall trees; among pines; among ferns; amid ferns;
amid trees; amid the foliage; between the trees; between tree trunks; under the trees; under a canopy of leaves;
under old oaks; under the pines; through the trees; through the forest; through the woods; deep in the forest;
deep in the woods; surrounded by trees; surrounded by pines; ringed by trees; ringed by firs; with trees all around;
with trees on every side; where the trees open up; off the trail; a shaded wood; a shadowy forest;
a green gloom under branches; arboreal shade
"""
_SUNSET_PLAIN = """
a plain at dusk; the plains at dusk; an open plain in evening light; a wide plain in the last light;
the setting sun; a setting sun; the sun going down; the evening sun; the low sun; a low orange sun;
the last rays of the sun; the last light of day; the last of the daylight; evening; early evening; the evening;
an evening landscape; evening glow; eventide; twilight; the twilight; gloaming; sundown; sunset; a fiery sunset;
a golden sunset; a red sunset; a crimson sunset; a glowing sunset; an African sunset; a prairie sunset;
a glowing horizon; a blazing horizon; afterglow; the afterglow; golden light; golden evening light;
warm evening light; amber light; long shadows; long evening shadows; the end of the day; the close of day;
day's end; the dying light; fading light; fading daylight; the failing light of evening; alpenglow; the savannah;
an African savanna; the Serengeti; the bush at sundown; safari country; a safari at dusk; acacia trees;
lone acacias; a lone acacia; an acacia plain; lion country; the veldt; the veld; the pampas; the llanos; the steppe;
a dry steppe; a grassy steppe at sunset; a brown prairie; the prairie at dusk; the prairie at sundown;
dry grassland; golden grass; dry golden grass; withered grass; tawny grass; brown grass; a dry plain;
a dusty plain at dusk; a brown plain; an open plain; a wide open plain; a vast plain; the flatlands;
the Great Plains; wide open spaces; open range; cattle country; the range; a ranch at sunset; a field at sunset;
a field at dusk; a stubble field; harvested fields at dusk; a golden wheat field; the wild west at sundown;
the horizon on fire; silhouettes at sunset; a backlit plain; a western evening; a summer evening; an autumn evening;
a warm evening; a glowing evening; a romantic evening outdoors; sunrise; dawn; the rising sun;
daybreak on the plain; a red dawn; at sunset; at sundown; at twilight; at eventide; at day's end;
at the end of the day; at the close of day; at dawn; at sunrise; at nightfall on the plain; in the evening;
in the evening sun; in the last light; in the glow of the setting sun; in golden light;
in the amber light of evening; in the fading light; in the gloaming; in the sunset; in the light of a low sun;
against the setting sun; against the sunset; before the sun sets; as the sun sets; as the sun goes down;
as the sun dips below the horizon; as evening falls; as dusk falls; as the day ends; while the sun sinks;
with the sun low; with the sun low on the horizon; with the sun setting behind; into the sunset;
toward the setting sun; just before dark; when the shadows grow long; crepuscular light; a russet plain;
a rust-coloured plain
"""
_OVERCAST_PLAZA = """
a plaza; a city plaza; a paved plaza; a town plaza; a city square; a market square; a village square;
a cobbled square; a paved square; a church square; a cathedral square; the main square; the old town square;
a public square; a piazza; an Italian piazza; a Spanish plaza; a forum; an agora; a marketplace; a market place;
a market; an open-air market; a bazaar; a parade ground; a forecourt; a station forecourt; a courtyard;
a paved courtyard; a palace courtyard; a school yard; a schoolyard; a playground; a patio; a terrace;
a paved terrace; an esplanade; a concourse; a precinct; a shopping precinct; a pedestrian precinct;
a pedestrian zone; a shopping street by day; a pedestrian street by day; a high street; the town centre;
a town centre; the city centre; downtown; downtown by day; downtown at midday; an urban square; an urban space;
an urban scene; a big city by day; an old town; the old town; a small town; a village; a suburb by day;
an intersection; a crossroads in town; a roundabout; a fountain in a square; near a fountain; by the fountain;
a statue in a square; a monument; the town hall steps; in front of the town hall; in front of city hall;
outside the town hall; outside the cathedral; outside the station; outside an office building; a campus;
a university campus; a business district; an office district; a housing estate; an apartment block's yard;
a car park on a grey day; a pavement; a sidewalk; flagstones; paving stones; grey paving; cobblestones; cobbles;
concrete slabs; grey flagstones; pale house fronts; house facades; a row of townhouses; townhouses; gabled houses;
houses with red roofs around a square; shops and houses; cafes and shops; pavement cafes; a tram stop;
a bus station; a street by day; a street in daylight; a grey street; a cobbled street on a grey day;
a residential street by day; a grey day in the city; a cloudy day; a cloudy day in town; cloudy weather;
an overcast day; overcast weather; overcast light; clouds; low clouds; thick clouds; heavy cloud; cloud cover;
gloomy weather; drab weather; a drizzly day; drizzle; rain; a rainy day; a rainy square; light rain in town;
a gloomy day; diffuse daylight in the city; soft grey daylight; a sunless day; shadowless light; under clouds;
under grey skies; under heavy clouds; under cloud; on a cloudy day; on a grey afternoon; on a grey morning in town;
on an overcast afternoon; on the cobbles; on the pavement; on the sidewalk; on paving stones; on grey flagstones;
on the market square; in the middle of town; in the town centre; in the city centre; in the market; in the old town;
in the middle of the square; in front of the church; in the rain; amid town houses; among houses;
among pale facades; between houses by day; between office blocks; surrounded by houses; surrounded by buildings;
surrounded by old facades; with houses all around; with buildings around; with clouds overhead; a plain civic space;
a civic square; Trafalgar Square; Saint Mark's Square; Red Square; Prague; London; Brussels; Berlin;
Paris on a grey day; a municipal square; the quad
"""
_CHECKERBOARD_HALL = """
a great hall; a grand hall; a marble hall; a banquet hall; a banqueting hall; a dining hall; a ballroom;
a grand ballroom; a dance hall; a palace; a palace hall; a royal palace; a castle hall; a castle; a royal court;
a chateau; a manor; a manor house; a mansion; an old mansion; a stately home; a villa; a Venetian palazzo; a foyer;
a grand foyer; an entrance hall; a marble foyer; a hotel lobby; a lobby; a vestibule; an atrium; a rotunda;
a museum; a museum hall; a gallery of columns; a gallery with columns; a colonnade; a colonnaded hall;
a pillared hall; a hall of pillars; a hall of columns; a columned chamber; a portico; an arcade; a cloister;
a loggia; a peristyle; tall columns; marble columns; Greek columns; Roman columns; rows of columns; rows of pillars;
pillars; a temple; a Greek temple; a Roman temple; an ancient temple; a church; a church nave; the nave;
a cathedral; an abbey; a basilica; a chapel; a mosque; a crypt; a vault; a Masonic lodge;
a lodge with a mosaic floor; a Roman bath; a bathhouse; an opera house; a theatre foyer; a concert hall;
an auditorium; a ceremonial hall; a reception hall; a council chamber; a courtroom; a parliament; a ducal hall;
a baroque hall; a baroque palace; a Renaissance hall; a Gothic hall; an elegant salon; a salon; a parlour;
a library; a ceremonial staircase; a corridor; a hallway; a long hallway; a palace corridor;
a black and white floor; black and white tiles; black and white squares; black and white marble;
a black-and-white marble floor; a marble floor; a polished marble floor; a chequered hall; a checkered hall;
a checkered ballroom; a chequered pavement indoors; checked tiles; checkered tiles; chequered tiles;
checkered marble; a checked floor; a checkerboard; a giant chessboard; a huge chessboard; a life-size chessboard;
a chess board floor; a draughts board; a floor of dark and light squares; a mosaic floor; a harlequin floor;
a floor of alternating tiles; alternating dark and pale tiles; ceramic tiles; linoleum squares;
a diner with a checkered floor; a fifties diner; a kitchen with checkered tiles; Alice's Wonderland;
on a giant chessboard; on a checkered floor; on black and white tiles; on polished marble; on marble;
on dark and light squares; on checks of black and white; across the marble; across checkered tiles;
over a chequered floor; over black and white squares; at a ball; at the royal court; at a masked ball; at a banquet;
inside a palace; inside a castle; inside a temple; inside the museum; inside a church; inside a grand old building;
inside a mansion; indoors on marble; indoors among columns; among columns; among pillars; among marble columns;
between columns; between pillars; under chandeliers; under a high ceiling; under vaulted ceilings; chandeliers;
a chandelier; a stately chamber; a noble chamber; a domed hall; a domed chamber; with columns on all sides;
with pillars all around; with squares of black and white underfoot; surrounded by columns; a game board; a hall;
a hall of mirrors
"""
_FOGGY_MOOR = """
a misty moor; a moor; the moors; a bleak moor; a lonely moor; moorland; misty moorland; heather;
a heathery hillside; purple heather in the mist; gorse and heather; bracken; bracken and stones; the Highlands;
the Scottish Highlands; Scottish hills; a Scottish moor; the Yorkshire moors; Dartmoor; Exmoor; Wuthering Heights;
the fells; a misty fell; an upland bog; a bog; a peat bog; a boggy plain; a marsh; misty marshes; marshland;
a swamp; a foggy swamp; a fen; the fens; a quagmire; a mire; wetlands in the mist; a peat moor; peatland;
a dank moor; sodden ground; fog; thick fog; dense fog; a bank of fog; a fog bank; rolling fog; morning fog;
drifting fog; creeping fog; a pea-souper; a wall of fog; morning mist; a veil of mist; swirling mist; drifting mist;
low mist; ground mist; early mist; a fine mist; haze; a grey haze; a thick haze; a milky haze; a pale haze; murk;
the murk; grey murk; vapour; wisps of vapour; smoke and mist; clouds that touch the ground;
low-hanging cloud on the hills; a foggy morning; a misty morning; a hazy morning; a foggy day; a misty day;
a damp morning; a dank morning; a murky morning; a foggy landscape; a misty landscape; a foggy field; a misty field;
a misty meadow; a foggy meadow; a foggy hillside; misty hills; misty mountains; foggy hills; a fog-covered plain;
a fog-shrouded plain; a mist-shrouded valley; a fog-bound upland; a misty valley; a foggy valley; a foggy marsh;
a foggy wasteland; a misty wasteland; a hazy waste; a ghostly landscape; an eerie landscape; a spooky moor;
an eerie heath; a haunted moor; a haunted marsh; a bleak upland; bleak grassland in the mist; bleak open ground;
windswept upland; a windswept heath; a barren heath; a barren upland; a rough upland with boulders;
grey boulders in the mist; standing stones; standing stones in the mist; a druid circle; a cairn;
a graveyard in the fog; dim shapes in the mist; scattered grey rocks; tussocks; tussocks and peat;
rough grass and heather; sheep on a misty hill; the hound of the Baskervilles; a Bronte novel; poor visibility;
near-zero visibility; visibility of a few metres; a place where nothing can be seen for fog; in the fog;
in thick fog; in dense fog; in the haze; in a haze; in the morning mist; in swirling mist; in the murk;
in fog so thick that hills vanish; in the misty Highlands; in a cloud; in low cloud; in damp grey air;
through the fog; through the mist; through thick fog; through drifting mist; through the heather; through the haze;
out of the mist; out of the fog; into the fog; into the mist; from the mist; amid heather; amid heather and fog;
amid mist; among misty rocks; among the heather; among boulders in the haze; over the moors; over the heath;
over boggy ground; across the moor; across the misty fells; across the heath; up on the moors; up on the fells;
on a bleak hillside; on the moor; on the fells; on a misty morning; on a foggy morning; on a hazy day;
wrapped in mist; wrapped in fog; wrapped in haze; shrouded in mist; shrouded in fog; half hidden by fog;
half hidden by mist; veiled in mist; veiled by haze; swallowed by the fog; with mist all around;
with fog rolling in; with fog everywhere; as the fog rolls in; as mist rises; while the mist lifts;
a nebulous landscape; a brumous morning; an opaque grey morning
"""
_WAREHOUSE = """
a storage hall; a storehouse; a storeroom; a stockroom; a distribution centre; a logistics centre;
a fulfilment centre; a shipping centre; a sorting centre; a cargo hall; a cargo bay; a cargo hold;
a freight terminal; a freight hall; a loading bay; a loading dock; a dockside shed; an aircraft hangar;
an airport hangar; a shed; a big shed; a metal shed; a barn; a garage; an underground garage; a parking garage;
a multi-storey car park; a repair shop; a car workshop; a workshop; a machine shop; a mechanic's workshop;
a factory; a factory floor; an abandoned factory; a disused factory; an old factory; a plant; a production plant;
an assembly line; an assembly plant; a production hall; a mill; a steel mill; a foundry; a shipyard hall;
a power station hall; a manufacturing hall; a packing hall; a packing plant; a wholesale store; a hardware store;
a big-box store; a bunker; a basement; a cellar; a vault full of crates; a lock-up; a customs store; an arsenal;
an armoury; a fire station; a hall full of crates; crates; wooden crates; stacks of crates; stacked crates;
piles of crates; boxes; stacked boxes; cardboard boxes; piles of boxes; wooden boxes; packing cases; pallets;
stacked pallets; pallets and crates; shelves of goods; storage racks; pallet racks; high shelves;
barrels and crates; oil drums; shipping containers; containers; cargo; freight; stored goods; merchandise in crates;
inventory; forklifts; a forklift; a forklift lane; a concrete floor; a bare concrete floor;
a stained concrete floor; a striped concrete floor; painted lanes on concrete; hazard stripes; safety markings;
concrete; concrete walls; corrugated iron; corrugated metal walls; steel beams; steel girders; girders;
rusty girders; fluorescent tubes; fluorescent light; strip lights; roller shutters; roller doors;
a cavernous building; a cavernous shed; a vast indoor space; a windowless hall; a windowless building;
a dusty storage space; a raw concrete space; a derelict building; a rave location; an illegal rave; a skate hall;
an indoor skate park; a sports hall; a gym; a gymnasium; an exhibition hall; a trade fair hall; among crates;
among wooden crates; among boxes; among stacked boxes; among pallets; among packing cases; among machinery;
amid crates; amid cargo; amid stacks of goods; between crates; between pallets; between shelves;
between stacks of boxes; between storage racks; between shipping containers; behind a stack of crates;
on a factory floor; on a concrete floor; on bare concrete; on concrete; on the loading dock; on the assembly line;
on the shop floor; at the docks; at a plant; at the factory; at a distribution centre; inside a shed;
inside a hangar; inside a factory; indoors on concrete; under steel beams; under a tin roof;
under fluorescent lights; with crates stacked all around; with boxes piled up; with boxes on every side;
with steel walls around; surrounded by crates; surrounded by boxes; surrounded by machinery; where goods are stored;
where freight is kept; where forklifts drive; a place for stored goods; an entrepot; a repository of goods;
an aerodrome hangar; Amazon's storage halls; a hall with lanes painted on concrete
"""


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(" ".join(phrase.split()) for phrase in text.split(";"))


PLACE_PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "beach": _phrases(_BEACH),
        "checkerboard hall": _phrases(_CHECKERBOARD_HALL),
        "desert": _phrases(_DESERT),
        "foggy moor": _phrases(_FOGGY_MOOR),
        "forest clearing": _phrases(_FOREST_CLEARING),
        "meadow": _phrases(_MEADOW),
        "night street": _phrases(_NIGHT_STREET),
        "overcast plaza": _phrases(_OVERCAST_PLAZA),
        "snow": _phrases(_SNOW),
        "studio": _phrases(_STUDIO),
        "sunset plain": _phrases(_SUNSET_PLAIN),
        "warehouse": _phrases(_WAREHOUSE),
    }
)
"""Place -> phrases, each place's own."""
